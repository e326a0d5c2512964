/**
 * `node main.ts PACK_FOLDER`: measures which threads and sessions suit this machine, and prints them as JSON. A process of its own,
 * because sessions that are opened and closed leave memory behind.
 */
import { availableParallelism } from 'node:os'
import { nfePerEvaluation } from '../../shared/contract/pack.ts'
import { type Model, openModel } from '../engine/model.ts'
import { PackError } from '../pack/read-pack.ts'
import { GRAPH_NAMES, type GraphName } from '../pack/session.ts'
import { TRIAL_PROMPT, trialTerms } from '../pack/warm-up.ts'
import { chooseSettings, type EngineSettings, type Measured } from './choose-settings.ts'

const WINDOWS = 6
const WINDOW_MS = 100
/** Of one search: few, so that a window is not much longer than it should be. */
const EVALUATIONS = 8

const [packFolder] = process.argv.slice(2)
if (packFolder === undefined) throw new Error('which pack? node main.ts PACK_FOLDER')

async function measure(settings: EngineSettings): Promise<Measured> {
  try {
    return await measureModel(await openModel({ packFolder: packFolder as string, ...settings }), settings.sessions)
  } catch (error) {
    // It was opened once already: there is no memory for it twice.
    if (error instanceof PackError && settings.sessions > 1) return { ms: Number.POSITIVE_INFINITY, graphs: {} }
    throw error
  }
}

/** Of the quickest window: what others take from the machine makes a window longer, never shorter. */
async function measureModel(model: Model, atOnce: number): Promise<Measured> {
  const { manifest } = model
  const terms = trialTerms([manifest.default_reward], manifest)
  const task = { nfeBudget: EVALUATIONS * nfePerEvaluation(manifest), seed: 0, outputs: 1 }
  const begun = Array.from({ length: atOnce }, () => model.begin({ prompt: TRIAL_PROMPT, terms }))
  const searches = (await Promise.all(begun)).map((evaluator) => () => evaluator.search({ search: 'rbf', task }))
  await Promise.all(searches.map((search) => search()))
  const windows: Awaited<ReturnType<typeof timeWindow>>[] = []
  for (let window = 0; window < WINDOWS; window++) windows.push(await timeWindow(model, searches))
  await model.close()
  // What no search runs is not chosen for here.
  const ran = GRAPH_NAMES.filter((graph) => windows.every(({ graphs }) => Number.isFinite(graphs[graph])))
  const least = (all: readonly number[]) => Math.min(...all)
  return {
    ms: least(windows.map(({ ms }) => ms)),
    graphs: Object.fromEntries(ran.map((graph) => [graph, least(windows.map(({ graphs }) => graphs[graph]))])),
  }
}

async function timeWindow(model: Model, searches: readonly (() => Promise<unknown>)[]) {
  const [before, start] = [model.meters(), performance.now()]
  let searched = 0
  const keepOn = async (search: () => Promise<unknown>) => {
    do {
      await search()
      searched++
    } while (performance.now() - start < WINDOW_MS)
  }
  await Promise.all(searches.map(keepOn))
  const ms = (performance.now() - start) / (searched * EVALUATIONS)
  const after = model.meters()
  const msOf = (graph: GraphName) => (after[graph].ms - before[graph].ms) / (after[graph].runs - before[graph].runs)
  return {
    ms,
    graphs: Object.fromEntries(GRAPH_NAMES.map((graph) => [graph, msOf(graph)])) as Record<GraphName, number>,
  }
}

console.log(JSON.stringify(await chooseSettings(availableParallelism(), measure)))
