/** Searches the runs anew with the pack that stands in the repository, and keeps them. */
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { recordTrace } from '../../../gpu-runner/worker/record-trace.ts'
import { PRICE_LISTS, priceOnList } from '../../../shared/domain/price.ts'
import { type Bench, benchedSettings, runOne } from '../../bench/search-run.ts'
import {
  ASKED,
  type Asked,
  FIGURES_FOLDER,
  type KeptRun,
  type KeptRuns,
  type RunName,
  readKept,
  traceUrl,
} from './kept-runs.ts'

/** The run, and its trace as the service would store it. */
export const makeRun = async (bench: Bench, asked: Asked): Promise<{ run: KeptRun; trace: Uint8Array }> => {
  const settings = await benchedSettings(asked.search)
  const { record, trace: records } = await runOne(bench, { ...asked, promptIndex: 0, settings })
  const recorded = recordTrace({ reward: 'count', nfeBefore: 0, written: '' })
  recorded.add(records)
  const trace = recorded.bytes()
  const { nfeUsed: nfe_used, reward, exact } = record
  return { run: { ...asked, nfe_used, reward, exact, trace_sha256: sha256(trace) }, trace }
}

/** What is kept of the same request and the same version of the pack stays as it is. */
export const keepRuns = async (bench: Bench): Promise<void> => {
  await mkdir(FIGURES_FOLDER, { recursive: true })
  const before = await readKept().catch(() => undefined)
  const samePack =
    before?.pack.name === bench.model.manifest.name && before.pack.version === bench.model.manifest.version
  const runs: [RunName, KeptRun][] = []
  for (const [name, asked] of Object.entries(ASKED) as [RunName, Asked][]) {
    const there = samePack ? before.runs[name] : undefined
    if (there !== undefined && isOf(there, asked)) {
      runs.push([name, there])
      continue
    }
    const { run, trace } = await makeRun(bench, asked)
    await writeFile(traceUrl(name), trace)
    runs.push([name, run])
    console.log(`${name}: ${run.nfe_used} NFEs, reward ${run.reward.toFixed(2)}`)
  }
  const { manifest } = bench.model
  const { name, version } = manifest
  const kept: KeptRuns = {
    pack: { name, version, price_micro_usd_per_nfe: priceOnList(PRICE_LISTS[0], manifest, 'standard') },
    runs: Object.fromEntries(runs) as KeptRuns['runs'],
  }
  await writeFile(new URL('runs.json', FIGURES_FOLDER), `${JSON.stringify(kept, null, 1)}\n`)
}

const isOf = ({ search, prompt, nfe, seed }: KeptRun, asked: Asked): boolean =>
  search === asked.search && prompt === asked.prompt && nfe === asked.nfe && seed === asked.seed

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
