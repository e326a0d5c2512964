/** Reads a pack folder: a manifest that is valid to the last key, and files that are what the manifest says they are. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CountGraph, JudgeGraph, PackManifest, RewardGraph } from '../../shared/contract/pack.ts'
import { PACK_CONTRACT, packManifestSchema } from '../../shared/contract/pack.ts'
import { findOddLength } from '../../shared/domain/odd-length.ts'
import { offeredRewards } from '../../shared/domain/reward.ts'
import { sha256OfFile } from './digest.ts'

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
  /** Checks size and sha256 of one file without keeping it; once, however often it is asked. Rejects with PackError. */
  check(file: string): Promise<void>
}

/** More than any manifest; what is larger is not read. */
export const MAX_MANIFEST_BYTES = 16 * 2 ** 20

/** Reads and checks `pack.json`; the other files are checked as they are read. Rejects with PackError. */
export async function readPack(folder: string): Promise<Pack> {
  const manifest = parseManifest(await readManifestFile(folder))
  checkFilesAreListed(manifest)
  checkDefaultReward(manifest)
  for (const [section, graphs] of Object.entries({ rewards: manifest.rewards, judges: manifest.judges ?? {} }))
    for (const [name, graph] of Object.entries(graphs))
      if (graph.takes === 'counts') checkCountGraph(`${section}.${name}`, graph)
  checkNoRewardJudges(manifest)
  const checks = new Map<string, Promise<void>>()
  return {
    folder,
    manifest,
    read: (file) => readListedFile({ folder, manifest, file }),
    check: (file) => {
      const check = checks.get(file) ?? checkListedFile({ folder, manifest, file })
      checks.set(file, check)
      return check
    },
  }
}

async function readManifestFile(folder: string): Promise<Uint8Array> {
  const { size } = await stat(join(folder, 'pack.json')).catch((cause: unknown) => {
    throw new PackError(`pack.json cannot be read from the pack folder ${folder}.`, { cause })
  })
  if (size > MAX_MANIFEST_BYTES) throw new PackError(`pack.json has ${size} bytes, more than any manifest.`)
  return readPackFile(folder, 'pack.json')
}

/** Throws PackError on bytes that are no manifest of this contract, or of a newer one. */
export function parseManifest(bytes: Uint8Array): PackManifest {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new PackError('pack.json is not JSON in UTF-8.', { cause })
  }
  checkContract(json)
  const odd = findOddLength(json)
  if (odd !== undefined) throw new PackError(`pack.json does not follow the contract: ${odd} is unknown.`)
  const parsed = packManifestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`)
  throw new PackError(`pack.json does not follow the contract: ${faults.join('; ')}.`)
}

/** Before anything else: what a newer contract means by the other keys is not known here. */
function checkContract(json: unknown): void {
  const contract = typeof json === 'object' && json !== null && 'contract' in json ? json.contract : PACK_CONTRACT
  if (typeof contract === 'number' && contract > PACK_CONTRACT)
    throw new PackError(
      `pack.json follows contract ${contract}; this runner knows contract ${PACK_CONTRACT}: update the runner, or export the pack for it.`,
    )
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

function checkDefaultReward(manifest: PackManifest): void {
  const { default_reward: name } = manifest
  if (!offeredRewards(manifest).includes(name))
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

interface ListedFile {
  readonly folder: string
  readonly manifest: PackManifest
  readonly file: string
}

function listingOf({ manifest, file }: ListedFile): PackManifest['files'][string] {
  const expected = Object.hasOwn(manifest.files, file) ? manifest.files[file] : undefined
  if (expected === undefined) throw new PackError(`${file} is not one of the files that pack.json lists.`)
  return expected
}

async function checkListedFile(at: ListedFile): Promise<void> {
  const expected = listingOf(at)
  const path = join(at.folder, at.file)
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new PackError(`${at.file} cannot be read from the pack folder ${at.folder}.`, { cause })
  })
  if (size !== expected.bytes)
    throw new PackError(`${at.file} has ${size} bytes where pack.json says ${expected.bytes}.`)
  const sha256 = await sha256OfFile(path)
  if (sha256 !== expected.sha256)
    throw new PackError(`${at.file} has sha256 ${sha256} where pack.json says ${expected.sha256}.`)
}

async function readListedFile(at: ListedFile) {
  const expected = listingOf(at)
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
