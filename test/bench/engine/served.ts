/** The same search as a client would run it without us: every graph behind a general model server, one candidate at a time over HTTP. */
import { createServer } from 'node:net'
import { env } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Model } from '../../../gpu-runner/engine/model.ts'
import { runSearch } from '../../../gpu-runner/engine/run-search.ts'
import { addScaled } from '../../../gpu-runner/flow/floats.ts'
import { encodePng } from '../../../gpu-runner/image/png.ts'
import { encodeInputs } from '../../../gpu-runner/pack/encode-inputs.ts'
import { openTokenizers } from '../../../gpu-runner/pack/open-tokenizers.ts'
import type { Provider } from '../../../gpu-runner/pack/providers.ts'
import { readPack } from '../../../gpu-runner/pack/read-pack.ts'
import type { GraphThreads } from '../../../gpu-runner/pack/session.ts'
import { countGraphNamed, countTarget } from '../../../gpu-runner/reward/count.ts'
import type { Ask, Evaluation } from '../../../gpu-runner/search/search.ts'
import { medianOf } from '../quantile.ts'
import { endGroup, shareWithDescendants, spawnGroup, temporaryFolder } from './children.ts'
import { COUNTS, generate, nfePerSecond, PACK_FOLDER, type Plan, PROMPT, searchOf } from './generation.ts'
import { pythonProviders, pythonWith, runtimeOf, versionsIn } from './python.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const START_MS = 90_000

export type ServerName = 'litserve' | 'bentoml'

export interface ServedComparison {
  /** Our NFE/s over theirs. */
  readonly ratio: number
  readonly oursNfePerSecond: number
  readonly theirsNfePerSecond: number
  /** Of theirs, with what runs the graphs. */
  readonly versions: readonly string[]
}

interface ServedRun {
  readonly model: Model
  readonly plan: Plan
  readonly repeats: number
  /** Of theirs, each graph's. */
  readonly threads: GraphThreads
  readonly provider: Provider
  /** With the server and onnxruntime; one is made where it is undefined. */
  readonly python: string | undefined
}

interface Tensor {
  readonly dtype: 'float32' | 'int64'
  readonly shape: readonly number[]
  readonly data: string
}
type Tensors = Readonly<Record<string, Tensor>>

/** Ours and theirs by turns, `repeats` times; medians. Rejects with Missing where the server cannot be had. */
export async function compareServed(
  server: ServerName,
  { model, plan, repeats, threads, provider, python: given }: ServedRun,
): Promise<ServedComparison> {
  const runtime = runtimeOf(provider)
  const python = await pythonWith([server, runtime], given)
  const versions = await versionsIn(python, [server, runtime])
  const { url, stop } = await startServer(server, { python, threads, provider })
  try {
    const ours: number[] = []
    const theirs: number[] = []
    await generateOverHttp(url, { ...plan, nfe: 10 }, model.manifest)
    for (let repeat = 0; repeat < repeats; repeat++) {
      ours.push(nfePerSecond(await generate(model, plan)))
      theirs.push(nfePerSecond(await generateOverHttp(url, plan, model.manifest)))
    }
    const [oursNfePerSecond, theirsNfePerSecond] = [medianOf(ours), medianOf(theirs)]
    return { ratio: oursNfePerSecond / theirsNfePerSecond, oursNfePerSecond, theirsNfePerSecond, versions }
  } finally {
    await stop()
  }
}

async function startServer(
  server: ServerName,
  { python, threads, provider }: Pick<ServedRun, 'threads' | 'provider'> & { python: string },
) {
  const port = await freePort()
  const bentoml = ['-m', 'bentoml', 'serve', 'serve_bentoml:Graphs', '--host', '127.0.0.1', '--port', String(port)]
  const child = spawnGroup(python, server === 'bentoml' ? bentoml : ['serve_litserve.py', String(port)], {
    cwd: HERE,
    stdio: 'ignore',
    env: {
      ...env,
      PACK_FOLDER,
      GRAPH_THREADS: JSON.stringify(threads),
      GRAPH_PROVIDERS: pythonProviders(provider),
      BENTOML_HOME: await temporaryFolder('bentoml'),
      BENTOML_DO_NOT_TRACK: 'True',
      PYTHONDONTWRITEBYTECODE: '1',
    },
  })
  const stop = () => endGroup(child)
  const url = `http://127.0.0.1:${port}`
  const health = server === 'bentoml' ? '/readyz' : '/health'
  for (const end = performance.now() + START_MS; performance.now() < end && child.exitCode === null; await sleep(500)) {
    const ready = await fetch(url + health).then(
      ({ ok }) => ok,
      () => false,
    )
    if (ready) shareWithDescendants(child.pid)
    if (ready) return { url: `${url}/predict`, stop }
  }
  await stop()
  throw new Error(`${server} did not start`)
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

async function generateOverHttp(url: string, plan: Plan, manifest: Model['manifest']) {
  const start = performance.now()
  const ask = (graph: string, feeds: Tensors) => post(url, graph, feeds)
  const pack = await readPack(PACK_FOLDER)
  const ids = encodeInputs(manifest, await openTokenizers(pack), PROMPT)
  const conditioning = await ask('encode', tensorsOf(ids))
  const target = tensorOf(countTarget(countGraphNamed('count', manifest.rewards), COUNTS))
  const shape = [1, ...manifest.latent]
  const imageOf = async (latent: Float32Array) => (await ask('decode', { latents: tensorOf(latent, shape) }))['image']
  let nfe = 0
  async function evaluate({ latent, t, wants }: Ask): Promise<Evaluation> {
    let clean = latent
    let velocity: Float32Array | undefined
    if (wants !== 'reward') {
      nfe++
      const feeds = { latents: tensorOf(latent, shape), t: tensorOf(Float32Array.of(t), [1]), ...conditioning }
      velocity = floatsOf((await ask('velocity', feeds))['velocity'])
      clean = latent.slice()
      // The pack's interpolant is linear: the denoised estimate is x - t u.
      addScaled(clean, -t, velocity)
    }
    const image = wants === 'velocity' ? undefined : await imageOf(clean)
    const reward = image && floatsOf((await ask('reward', { image, target }))['reward'])[0]
    return { ...(velocity && { velocity }), ...(reward !== undefined && { reward }) }
  }
  const outcome = await runSearch({
    ...searchOf(plan, manifest),
    evaluate: async (asks) => {
      const evaluations = []
      for (const each of asks) evaluations.push(await evaluate(each))
      return evaluations
    },
  })
  const [height, width] = manifest.resolution
  const [best] = outcome.answers
  if (best === undefined) throw new Error('the search has no answer')
  encodePng({ data: floatsOf(await imageOf(best.latent)), width, height })
  return { nfe, wallMs: performance.now() - start }
}

async function post(url: string, graph: string, feeds: Tensors): Promise<Tensors> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ graph, feeds }),
  })
  if (!response.ok) throw new Error(`${graph} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Tensors
}

const tensorsOf = (inputs: Readonly<Record<string, BigInt64Array>>): Tensors =>
  Object.fromEntries(Object.entries(inputs).map(([name, ids]) => [name, tensorOf(ids)]))

/** One row, unless another shape is said. */
const tensorOf = (data: Float32Array | BigInt64Array, shape: readonly number[] = [1, data.length]): Tensor => ({
  dtype: data instanceof BigInt64Array ? 'int64' : 'float32',
  shape,
  data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
})

/** A copy: the bytes of a Buffer need not begin where floats may. */
function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor === undefined) throw new Error('a tensor is missing in the answer')
  return new Float32Array(new Uint8Array(Buffer.from(tensor.data, 'base64')).buffer)
}
