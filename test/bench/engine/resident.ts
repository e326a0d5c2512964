/**
 * `node resident.ts runner|graphs PROVIDER`: resident memory of a process of its own, as one line of JSON, {"before", "after"} in bytes.
 *
 * `graphs` opens the pack's graphs and runs each, those that a generation runs as it does; `runner` loads what the worker is made
 * of and makes a whole generation. What the second has more than the graphs took in the first is the runner's own.
 */
import { availableParallelism } from 'node:os'
import { PROVIDERS } from '../../../gpu-runner/pack/providers.ts'
import { generate, MAX_BATCH, PACK_FOLDER } from './generation.ts'

const NFE = 50
const [what, asked] = process.argv.slice(2)
const provider = PROVIDERS.find((name) => name === asked) ?? 'cpu'

const before = process.memoryUsage().rss
if (what === 'runner') await runAsRunner()
else await runGraphs()
console.log(JSON.stringify({ before, after: process.memoryUsage().rss }))
process.exit(0)

async function runAsRunner(): Promise<void> {
  await import('../../../gpu-runner/worker/work-on-generation.ts')
  const { openModel } = await import('../../../gpu-runner/engine/model.ts')
  const model = await openModel({ packFolder: PACK_FOLDER, maxBatch: MAX_BATCH, provider })
  await generate(model, { search: 'rbf', nfe: NFE, seed: 1 })
}

async function runGraphs(): Promise<void> {
  const { openBareGraphs, loopBare } = await import('./bare-graphs.ts')
  const { openTokenizers } = await import('../../../gpu-runner/pack/open-tokenizers.ts')
  const { warmUp } = await import('../../../gpu-runner/pack/warm-up.ts')
  const bare = await openBareGraphs(availableParallelism(), provider)
  await warmUp(bare.graphs, { manifest: bare.pack.manifest, tokenizers: await openTokenizers(bare.pack), batches: [1] })
  await loopBare(bare, Array(NFE).fill({ velocity: 1, scored: 1 }))
}
