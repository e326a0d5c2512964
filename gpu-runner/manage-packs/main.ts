/** The command `npm run packs`: everything about packs that is not a search. `npm run packs -- help` lists it. */
import { readdir, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createClients } from '../../shared/aws/clients.ts'
import { PROVIDERS, type Provider } from '../pack/providers.ts'
import { PackError, readPack } from '../pack/read-pack.ts'
import { describePack, summaryOf } from './describe.ts'
import { measureMemory } from './measure-memory.ts'
import { barOf, type OnProgress, sizeText } from './progress.ts'
import { pullPack } from './pull.ts'
import { pushPack } from './push.ts'
import { readScoreCase, scoreCase } from './score.ts'
import { verifyPack } from './verify.ts'
import { latentSizeOf, openWalk, readCase } from './walk.ts'

const SHIPPED = fileURLToPath(new URL('../packs/', import.meta.url))

const HELP = `npm run packs -- COMMAND
  list [FOLDER]                 the packs in a folder, those that ship unless said
  inspect PACK                  settings, files and tensors
  verify PACK                   every digest and tensor, then every graph once; refuses with a sentence
  memory PACK                   resident memory of a process that serves it, against the size of its tensors
  pull s3://BUCKET/PREFIX PACK  fetches what is not there, in ranges; goes on where it was cut off
  push PACK s3://BUCKET/PREFIX  verifies the digests, then sends what is not there
  walk PACK CASE IMAGES         the ODE on given latents (docs/packs.md); CASE.json and CASE.latents in, float32 out
  score PACK CASE REWARDS       one reward of given images; CASE.json and CASE.images in, float32 out
PACK is a folder with a pack.json. --provider cpu, cuda or tensorrt, --threads N, --plain (walk without guidance).`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    provider: { type: 'string', default: 'cpu' },
    threads: { type: 'string', default: String(availableParallelism()) },
    plain: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const [command = 'help', first = '', second = '', third = ''] = positionals
const provider = PROVIDERS.find((name): name is Provider => name === values.provider)
const threads = Number(values.threads)

const draw: OnProgress = (progress) => {
  if (!process.stderr.isTTY) return
  process.stderr.write(`\r\x1b[K${progress.doneBytes < progress.totalBytes ? barOf(progress) : ''}`)
}

const withS3 = async <T>(act: (s3: ReturnType<typeof createClients>['s3']) => Promise<T>): Promise<T> => {
  const clients = createClients()
  try {
    return await act(clients.s3)
  } finally {
    clients.destroy()
  }
}

const COMMANDS: Record<string, { takes: number; run: () => Promise<void> }> = {
  help: { takes: 0, run: async () => console.log(HELP) },
  list: {
    takes: 0,
    run: async () => {
      const folder = first === '' ? SHIPPED : first
      for (const name of (await readdir(folder)).toSorted())
        console.log(
          await readPack(join(folder, name)).then(({ manifest }) => summaryOf(manifest).join('  '), refusalOf),
        )
    },
  },
  inspect: { takes: 1, run: async () => console.log((await describePack(first)).join('\n')) },
  verify: { takes: 1, run: async () => console.log((await verifyPack(first, graphOptions())).join('\n')) },
  memory: { takes: 1, run: async () => console.log(await measureMemory(first, graphOptions())) },
  pull: {
    takes: 2,
    run: () =>
      withS3(async (s3) => {
        const { files, bytes } = await pullPack({ s3, source: first, folder: second, onProgress: draw })
        console.log(`${second}: fetched ${files} files, ${sizeText(bytes)}`)
      }),
  },
  push: {
    takes: 2,
    run: () =>
      withS3(async (s3) => {
        const { files, bytes } = await pushPack({ s3, folder: first, target: second, onProgress: draw })
        console.log(`${second}: sent ${files} files, ${sizeText(bytes)}`)
      }),
  },
  walk: {
    takes: 3,
    run: async () => {
      const { manifest, walk } = await openWalk(first, { ...graphOptions(), guided: !values.plain })
      const images = await walk(await readCase(second, latentSizeOf(manifest)))
      await writeFile(third, images)
    },
  },
  score: {
    takes: 3,
    run: async () => writeFile(third, await scoreCase(first, await readScoreCase(second), graphOptions())),
  },
}

function graphOptions() {
  if (provider === undefined) throw new PackError(`--provider is one of ${PROVIDERS.join(', ')}.`)
  if (!(Number.isInteger(threads) && threads >= 1)) throw new PackError('--threads is an integer >= 1.')
  return { provider, threads }
}

function refusalOf(error: unknown): string {
  if (error instanceof PackError) return error.message
  throw error
}

const asked = values.help ? COMMANDS['help'] : Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined
if (asked === undefined || positionals.length - 1 < asked.takes) {
  console.error(HELP)
  process.exitCode = 2
} else {
  await asked.run().catch((error: unknown) => {
    console.error(refusalOf(error))
    process.exitCode = 1
  })
}
