/**
 * `node test/bench/search-profile.ts --seeds 2 --nfe 250`: learns the profile that `adaptive` is benched with, on the tuning prompts only.
 *
 * The rounds are those of `rbf`. Writes the pack's profile-count.json, lists it in pack.json, and prints what an NFE earns at each
 * noise time, from each band of starting rewards.
 */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { priceOf } from '../../gpu-runner/search/adaptive.ts'
import { learnProfile, profileHash, type RoundRecord, roundsOf, samplesOf } from '../../gpu-runner/search/profile.ts'
import { RBF_DEFAULTS } from '../../gpu-runner/search/rbf.ts'
import { openBench, PACK_FOLDER, runOne, TUNING_PROMPTS } from './search-run.ts'

const TIMES = [0.87, 0.8, 0.74, 0.68, 0.62, 0.57, 0.52]
const BANDS = 4
/** A hundred NFEs for a tenth of one error: below it the reward's own noise is all that is won. */
const LEAST_PRICE = 0.001

const { values } = parseArgs({
  options: {
    prompts: { type: 'string', default: TUNING_PROMPTS },
    seeds: { type: 'string', default: '2' },
    nfe: { type: 'string', default: '250' },
  },
})

const prompts = (await readFile(values.prompts, 'utf8')).split('\n').filter(Boolean)
const bench = await openBench()
const rounds: RoundRecord[] = []
for (let seed = 1; seed <= Number(values.seeds); seed++) {
  for (const [promptIndex, prompt] of prompts.entries()) {
    // Seeds apart from those that searches are compared with.
    const asked = {
      prompt,
      promptIndex,
      search: 'rbf',
      nfe: Number(values.nfe),
      seed: 9000 + seed,
    } as const
    const { trace, record } = await runOne(bench, asked)
    rounds.push(...roundsOf(trace))
    process.stderr.write(`${rounds.length} rounds, reward ${record.reward.toFixed(2)}, ${prompt}\n`)
  }
}
await bench.model.close()

const profile = learnProfile({
  task: `${bench.model.manifest.name}/count`,
  times: TIMES,
  bands: BANDS,
  leastPrice: LEAST_PRICE,
  rounds,
})
await intoPack('profile-count.json', Buffer.from(`${JSON.stringify(profile)}\n`))
console.log(`${rounds.length} rounds, ${samplesOf(profile)} candidates, profile ${profileHash(profile)}`)
console.log(`bands end at ${profile.edges.map((edge) => edge.toFixed(2)).join(', ')}`)
for (const [band, cells] of profile.cells.entries()) {
  const { steps } = RBF_DEFAULTS.repair.last
  const prices = cells.map((cell) => priceOf(cell, { draw: 1, down: steps - 1 }))
  const told = prices.map(
    ({ price, reservation }, i) => `t ${TIMES[i]}: ${price.toFixed(4)} from ${reservation.toFixed(2)}`,
  )
  console.log(`band ${band}: ${told.join('; ')}`)
}

async function intoPack(file: string, bytes: Buffer): Promise<void> {
  const manifestFile = join(PACK_FOLDER, 'pack.json')
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8'))
  manifest.rewards.count.profile = file
  manifest.files[file] = { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.byteLength }
  await writeFile(join(PACK_FOLDER, file), bytes)
  await writeFile(manifestFile, `${JSON.stringify(manifest, null, 1)}\n`)
}
