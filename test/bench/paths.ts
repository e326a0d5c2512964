/**
 * `node test/bench/paths.ts [--seeds N]`: how often which search finds a path of the pack trajectories that touches nothing, by the pack's
 * judge, at which budget of NFEs. Prompts: each layout of obstacles between four pairs of places. Prints the table of docs/results/trajectories.md.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Evaluator } from '../../gpu-runner/engine/evaluator.ts'
import { openModel } from '../../gpu-runner/engine/model.ts'
import { runSearch } from '../../gpu-runner/engine/run-search.ts'
import { interpolantNamed } from '../../gpu-runner/flow/interpolant.ts'
import { encodeInputs } from '../../gpu-runner/pack/encode-inputs.ts'
import { sizeOf } from '../../gpu-runner/pack/graph-signature.ts'
import { openTokenizers } from '../../gpu-runner/pack/open-tokenizers.ts'
import { readPack } from '../../gpu-runner/pack/read-pack.ts'
import { openScore } from '../../gpu-runner/pack/reward-graphs.ts'
import type { Search } from '../../gpu-runner/search/search.ts'
import { SEARCHES } from '../../gpu-runner/search/searches.ts'

const PACK = fileURLToPath(new URL('../../gpu-runner/packs/trajectories', import.meta.url))
const PAIRS = [
  ['bottom left', 'top right'],
  ['left', 'right'],
  ['bottom', 'top'],
  ['top left', 'right'],
] as const
const RUNS = [
  ['best-of-n', 10],
  ['best-of-n', 50],
  ['rbf', 50],
  ['best-of-n', 100],
  ['rbf', 100],
  ['best-of-n', 200],
  ['rbf', 200],
] as const

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '5' } } })
const pack = await readPack(PACK)
const { manifest } = pack
const judgeGraph = manifest.judges?.['path']
if (judgeGraph === undefined) throw new Error('the pack has no judge of paths')
const judge = await openScore(pack, judgeGraph, { threads: 1 })
const tokenizers = await openTokenizers(pack)
const model = await openModel({ packFolder: PACK, threads: 1 })
const layouts = manifest.prompt_form?.places['obstacles'] ?? []
const prompts = layouts.flatMap((layout) => PAIRS.map(([a, b]) => `from ${a} to ${b} around ${layout}`))
const seeds = Array.from({ length: Number(values.seeds) }, (_, at) => at + 1)

const searchOnce = async (
  evaluator: Evaluator,
  { name, nfe, seed }: { name: keyof typeof SEARCHES; nfe: number; seed: number },
) => {
  const search = SEARCHES[name] as Search<unknown, unknown>
  const task = {
    nfeBudget: nfe,
    seed,
    latentSize: sizeOf(manifest.latent),
    native: interpolantNamed(manifest.native.interpolant),
    timeShift: manifest.native.time_shift,
    outputs: 1,
  }
  const { evaluate } = evaluator
  const { answers } = await runSearch({ search, settings: search.defaults, task, nfePerEvaluation: 1, evaluate })
  const [answer] = answers
  if (answer === undefined) throw new Error(`${name} found nothing`)
  return evaluator.render(answer.latent)
}

console.log(`| search | NFEs | touches nothing | mean reward | runs |\n| --- | ---: | ---: | ---: | ---: |`)
for (const [name, nfe] of RUNS) {
  let [clear, reward, runs] = [0, 0, 0]
  for (const prompt of prompts) {
    // Its ids are those of the judge too: one tokenizer, and a text that is the prompt alone.
    const input_ids = encodeInputs(manifest, tokenizers, prompt)['input_ids'] ?? new BigInt64Array()
    const evaluator = await model.begin({ prompt, terms: [{ name: 'path', weight: 1 }] })
    for (const seed of seeds) {
      const found = await searchOnce(evaluator, { name, nfe, seed })
      const { rewards } = await judge(found.output.data, [{ input_ids }])
      clear += rewards[0] ?? 0
      reward += found.reward
      runs++
    }
    evaluator.end()
  }
  console.log(`| ${name} | ${nfe} | ${(clear / runs).toFixed(3)} | ${(reward / runs).toFixed(3)} | ${runs} |`)
}
await model.close()
