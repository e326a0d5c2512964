/** The loop that the authors publish, by PyTorch on the weights of the pack, against ours with the same NFEs and batch. */
import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { env } from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Model } from '../../../gpu-runner/engine/model.ts'
import { encodeInputs } from '../../../gpu-runner/pack/encode-inputs.ts'
import { openTokenizers } from '../../../gpu-runner/pack/open-tokenizers.ts'
import type { Provider } from '../../../gpu-runner/pack/providers.ts'
import { readPack } from '../../../gpu-runner/pack/read-pack.ts'
import { countGraphNamed, countTarget } from '../../../gpu-runner/reward/count.ts'
import { medianOf } from '../quantile.ts'
import { endGroup, spawnGroup } from './children.ts'
import { COUNTS, generate, nfePerSecond, PACK_FOLDER, PROMPT } from './generation.ts'
import { Missing, versionsIn } from './python.ts'

const SCRIPT = fileURLToPath(new URL('./published_loop.py', import.meta.url))
const RUNNER_FOLDER = fileURLToPath(new URL('../../../gpu-runner', import.meta.url))

export interface PytorchComparison {
  /** Our NFE/s over PyTorch's. */
  readonly ratio: number
  readonly oursNfePerSecond: number
  readonly pytorchNfePerSecond: number
  /** Of PyTorch: one, or as many as there are cores, whichever is faster here. */
  readonly threads: number
  readonly versions: readonly string[]
}

interface PytorchRun {
  readonly model: Model
  readonly nfe: number
  readonly repeats: number
  readonly provider: Provider
  readonly python: string | undefined
}

/** By turns, `repeats` times; medians. Rejects with Missing without a Python that has what gpu-runner/lab needs. */
export async function comparePytorch({
  model,
  nfe,
  repeats,
  provider,
  python,
}: PytorchRun): Promise<PytorchComparison> {
  if (python === undefined)
    throw new Missing('--lab-python names no Python with what gpu-runner/lab needs (torch, onnx, onnxruntime)')
  const readBack = `${RUNNER_FOLDER}/lab/export/read_back.py`
  await stat(readBack).catch(() => {
    throw new Missing('gpu-runner/lab cannot read the weights of a pack back')
  })
  const versions = await versionsIn(python, ['torch'])
  const inputs = encodeInputs(model.manifest, await openTokenizers(await readPack(PACK_FOLDER)), PROMPT)
  const ids = Object.values(inputs).flatMap((each) => [...each].map(Number))
  const target = [...countTarget(countGraphNamed('count', model.manifest.rewards), COUNTS)]
  const request = (seed: number) => ({ ids, target, seed })
  const { loop, threads } = await startFasterLoop(python, { nfe, provider, request: request(0) })
  try {
    const [ours, theirs]: [number[], number[]] = [[], []]
    for (let repeat = 0; repeat <= repeats; repeat++) {
      const mine = await generate(model, { search: 'rbf-paper', settings: { lanes: 1 }, nfe, seed: repeat })
      const other = await loop.ask(request(repeat))
      if (other.nfe !== mine.nfe) throw new Error(`PyTorch spent ${other.nfe} NFEs where we spent ${mine.nfe}`)
      // The first of each warms up.
      if (repeat === 0) continue
      ours.push(nfePerSecond(mine))
      theirs.push(other.nfe / other.seconds)
    }
    const [oursNfePerSecond, pytorchNfePerSecond] = [medianOf(ours), medianOf(theirs)]
    return { ratio: oursNfePerSecond / pytorchNfePerSecond, oursNfePerSecond, pytorchNfePerSecond, threads, versions }
  } finally {
    await loop.end()
  }
}

type Loop = ReturnType<typeof startLoop>

/** More threads are not always faster, and nobody would publish the slower. */
async function startFasterLoop(
  python: string,
  { request, ...on }: { nfe: number; provider: Provider; request: object },
): Promise<{ loop: Loop; threads: number }> {
  const tried: { loop: Loop; threads: number; seconds: number }[] = []
  for (const threads of new Set([1, availableParallelism()])) {
    const loop = startLoop(python, { ...on, threads })
    await loop.ask(request)
    tried.push({ loop, threads, seconds: (await loop.ask(request)).seconds })
  }
  const [faster, ...others] = tried.toSorted((a, b) => a.seconds - b.seconds)
  for (const { loop } of others) await loop.end()
  if (faster === undefined) throw new Error('no loop was started')
  return faster
}

function startLoop(python: string, { nfe, threads, provider }: { nfe: number; threads: number; provider: Provider }) {
  const numbers = ['--threads', String(threads), '--nfe', String(nfe)]
  const settings = ['--pack', PACK_FOLDER, ...numbers, '--device', provider === 'cpu' ? 'cpu' : 'cuda']
  const child = spawnGroup(python, [SCRIPT, ...settings], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...env, PYTHONPATH: RUNNER_FOLDER, PYTHONDONTWRITEBYTECODE: '1' },
  })
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('PyTorch was started without pipes')
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  return {
    ask: async (request: object): Promise<{ nfe: number; seconds: number; reward: number }> => {
      stdin.write(`${JSON.stringify(request)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('PyTorch ended without an answer')
      return JSON.parse(value)
    },
    end: () => endGroup(child),
  }
}
