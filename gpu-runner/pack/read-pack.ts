/** Reads a pack folder: a manifest that is valid to the last key, and files that are what the manifest says they are. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CountGraph, JudgeGraph, PackManifest, RewardGraph } from '../../shared/contract/pack.ts'
import { packManifestSchema } from '../../shared/contract/pack.ts'
import { findOddLength } from '../../shared/domain/odd-length.ts'
import { offeredRewards } from '../../shared/domain/reward.ts'

/** A pack that cannot be used, in one sentence: which file, what was expected, what was there. */
export class PackError extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.name = 'PackError'
  }
}

export interface Pack {
  readonly folder: string
  readonly manifest: PackManifest
  /**
   * The bytes of one file of the pack, after their size and sha256 were checked. The bytes that were hashed are the
   * bytes that are returned: nothing can change them between the check and the use. Rejects with PackError.
   */
  read(file: string): Promise<Uint8Array<ArrayBuffer>>
}

/** Reads and checks `pack.json`; the other files are checked as they are read. Rejects with PackError. */
export async function readPack(folder: string): Promise<Pack> {
  const manifest = parseManifest(await readPackFile(folder, 'pack.json'))
  checkFilesAreListed(manifest)
  checkDefaultReward(manifest)
  for (const [section, graphs] of Object.entries({ rewards: manifest.rewards, judges: manifest.judges ?? {} }))
    for (const [name, graph] of Object.entries(graphs))
      if (graph.takes === 'counts') checkCountGraph(`${section}.${name}`, graph)
  checkNoRewardJudges(manifest)
  return { folder, manifest, read: (file) => readListedFile({ folder, manifest, file }) }
}

function parseManifest(bytes: Uint8Array): PackManifest {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new PackError('pack.json is not JSON in UTF-8.', { cause })
  }
  const odd = findOddLength(json)
  if (odd !== undefined) throw new PackError(`pack.json does not follow the contract: ${odd} is unknown.`)
  const parsed = packManifestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`)
  throw new PackError(`pack.json does not follow the contract: ${faults.join('; ')}.`)
}

function checkFilesAreListed(manifest: PackManifest): void {
  const used = {
    ...Object.fromEntries(
      Object.entries(manifest.tokenizers).map(([name, { file }]) => [`tokenizers.${name}.file`, file]),
    ),
    'graphs.encode': manifest.graphs.encode,
    'graphs.velocity': manifest.graphs.velocity,
    'graphs.decode': manifest.graphs.decode,
    ...(manifest.graphs.unconditional === undefined ? {} : { 'graphs.unconditional': manifest.graphs.unconditional }),
    ...filesOf('rewards', manifest.rewards),
    ...filesOf('judges', manifest.judges ?? {}),
  }
  for (const [where, file] of Object.entries(used))
    if (!Object.hasOwn(manifest.files, file))
      throw new PackError(`pack.json names ${file} as ${where}, but lists no size and sha256 for it under files.`)
}

/** Place in the manifest -> file. */
const filesOf = (section: string, graphs: Readonly<Record<string, JudgeGraph | RewardGraph>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(graphs).flatMap(([name, graph]) => {
      const files = {
        file: graph.file,
        'tokenizer.file': graph.takes === 'prompt' ? graph.tokenizer.file : undefined,
        profile: 'profile' in graph ? graph.profile : undefined,
        gradient: 'gradient' in graph ? graph.gradient : undefined,
      }
      return Object.entries(files).flatMap(([at, file]) =>
        file === undefined ? [] : [[`${section}.${name}.${at}`, file] as const],
      )
    }),
  )

function checkDefaultReward({ default_reward: name, rewards }: PackManifest): void {
  if (!offeredRewards({ rewards }).includes(name))
    throw new PackError(`pack.json has ${name} as default_reward, which is no reward that a client may ask for.`)
}

function checkCountGraph(where: string, { classes, plurals }: CountGraph): void {
  if (new Set(classes).size !== classes.length)
    throw new PackError(`pack.json names a class twice in ${where}.classes.`)
  for (const [plural, name] of Object.entries(plurals))
    if (!classes.includes(name))
      throw new PackError(`pack.json has "${plural}" as a plural of "${name}", which is not in ${where}.classes.`)
}

/** A search that could see the judge would make the judge worthless. Compared by content: a renamed copy is the judge too. */
function checkNoRewardJudges({ rewards, judges = {}, files }: PackManifest): void {
  for (const { file: judge } of Object.values(judges))
    for (const { file: reward } of Object.values(rewards))
      if (judge === reward || files[judge]?.sha256 === files[reward]?.sha256)
        throw new PackError(`pack.json has ${reward} as a reward and as a judge (${judge}); a judge must be held out.`)
}

async function readListedFile(at: { folder: string; manifest: PackManifest; file: string }) {
  const expected = Object.hasOwn(at.manifest.files, at.file) ? at.manifest.files[at.file] : undefined
  if (expected === undefined) throw new PackError(`${at.file} is not one of the files that pack.json lists.`)
  const bytes = await readPackFile(at.folder, at.file)
  if (bytes.byteLength !== expected.bytes)
    throw new PackError(`${at.file} has ${bytes.byteLength} bytes where pack.json says ${expected.bytes}.`)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== expected.sha256)
    throw new PackError(`${at.file} has sha256 ${sha256} where pack.json says ${expected.sha256}.`)
  return bytes
}

async function readPackFile(folder: string, file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(join(folder, file))
  } catch (cause) {
    throw new PackError(`${file} cannot be read from the pack folder ${folder}.`, { cause })
  }
}
