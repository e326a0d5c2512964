/**
 * Evolution: a population of finished images; the fittest are mutated, early on in their initial noise, later in the picture itself.
 *
 * Source: EvoSearch (arXiv 2505.17618) section 4: selection on full renders, mutation of initial noises by
 * sqrt(1 - b^2) n + b m, and of states at a time of an evolution schedule; here such a state is the parent's finished image with
 * fresh noise up to that time, which is right for every data distribution. Costs the grid steps below the mutation's time for each child.
 */
import { scaled } from '../flow/floats.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import { renoise } from '../flow/renoise.ts'
import { type Candidate, cleanLatentOf, type Evaluated, latentOf } from './candidate.ts'
import { defineSearch, type Move, type Strategy, type TaskFacts } from './define-search.ts'
import { fittedTo, initialCandidate, onlyChildOf, rewardOf, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface EvolutionSettings {
  readonly sampler: Sampler
  readonly population: number
  /** Parents of each generation. */
  readonly elites: number
  /** Radius b of a mutated initial noise. */
  readonly radius: number
  /** Native times that successive generations mutate at; 1 is the initial noise. The last is used from there on. */
  readonly times: readonly number[]
}

interface Individual {
  /** The candidate at the first grid time of the whole family: its initial noise. */
  readonly noise: Candidate
  readonly finished: Evaluated
}

interface EvolutionState {
  readonly settings: EvolutionSettings
  readonly elites: readonly Individual[]
  readonly generation: number
  /** Initial noise of each lane now walking. */
  readonly noises: readonly Candidate[]
  readonly born: number
}

const evolution: Strategy<EvolutionState, EvolutionSettings> = {
  name: 'evolution',
  defaults: {
    sampler: { interpolant: 'native', schedule: { kind: 'uniform' }, kernel: { kind: 'ode' }, steps: 12 },
    population: 6,
    elites: 2,
    radius: 0.5,
    times: [1, 0.8, 0.7, 0.6],
  },
  begin: (task, settings) => {
    const sampler = fittedTo(Math.max(1, Math.floor(task.nfeBudget / task.outputs)), settings.sampler)
    const own = { settings: { ...settings, sampler }, elites: [], generation: -1, noises: [], born: 0 }
    return startGeneration({ task, nfeLeft: task.nfeBudget }, own)
  },
  advance: (situation, own, evaluated) => {
    const elites = select(own, evaluated)
    const verdicts = evaluated.map((one) => ({
      accepted: !one.candidate.finished || elites.some(({ finished }) => finished === one),
      quota: own.settings.population,
    }))
    const walking = evaluated.flatMap((parent) => nextOf(situation.task, own, parent))
    if (walking.length > 0) return { own, pending: walking, verdicts }
    return { ...startGeneration(situation, { ...own, elites }), verdicts }
  },
  progress: ({ settings, generation }) => {
    return {
      step: generation,
      steps: Math.max(generation, settings.times.length),
      quota: settings.population,
      rolledOver: 0,
    }
  },
}

export const searchEvolution = defineSearch(evolution)

function nextOf(task: TaskFacts, { settings: { sampler } }: EvolutionState, parent: Evaluated): Candidate[] {
  const { lane, index, finished } = parent.candidate
  if (finished) return []
  return [onlyChildOf(task, walkFor(task, sampler), { parent, place: { lane, index, wants: 'velocity' } })]
}

/** The best of parents and children; a parent gives way only to a better child. */
function select({ settings, elites, noises }: EvolutionState, evaluated: readonly Evaluated[]): Individual[] {
  const children = evaluated.flatMap((finished): Individual[] => {
    const noise = noises.find(({ lane }) => lane === finished.candidate.lane)
    return noise === undefined || !finished.candidate.finished ? [] : [{ noise, finished }]
  })
  return [...elites, ...children].sort((a, b) => rewardOf(b.finished) - rewardOf(a.finished)).slice(0, settings.elites)
}

function startGeneration(
  { task, nfeLeft }: { task: TaskFacts; nfeLeft: number },
  own: EvolutionState,
): Move<EvolutionState> {
  const { settings, elites } = own
  const generation = own.generation + 1
  const { steps } = walkFor(task, settings.sampler)
  const wishedTime = settings.times[Math.min(Math.max(0, generation - 1), settings.times.length - 1)] ?? 1
  const from =
    elites.length === 0
      ? 0
      : Math.max(
          0,
          steps.findIndex(({ t }) => t <= wishedTime),
        )
  const count = Math.min(settings.population, Math.floor(nfeLeft / (steps.length - from)))
  const started = Array.from({ length: count }, (_, k) => {
    return individual(
      task,
      { ...own, generation },
      { lane: own.born + k, from, parent: elites[k % Math.max(1, elites.length)] ?? null },
    )
  })
  const next = { ...own, generation, noises: started.map(({ noise }) => noise), born: own.born + count }
  return { own: next, pending: started.map(({ start }) => start) }
}

interface Birth {
  readonly lane: number
  /** Grid index of the mutation. */
  readonly from: number
  readonly parent: Individual | null
}

function individual(
  task: TaskFacts,
  { settings }: EvolutionState,
  { lane, from, parent }: Birth,
): { noise: Candidate; start: Candidate } {
  const walk = walkFor(task, settings.sampler)
  const fresh = initialCandidate(walk, { lane, index: 0, wants: lane === 0 ? 'both' : 'velocity' })
  if (parent === null) return { noise: fresh, start: fresh }
  if (from === 0) {
    const base = scaled(Math.sqrt(1 - settings.radius ** 2), latentOf(task, parent.noise))
    const mutated = { ...fresh, base, fresh: settings.radius * fresh.fresh }
    return { noise: mutated, start: mutated }
  }
  const { t = 1, last = true } = walk.steps[from] ?? {}
  const { ofState, fresh: noise } = renoise(interpolantNamed(task.native), { t: 0, to: t })
  const base = scaled(ofState, cleanLatentOf(task, parent.finished))
  const start: Candidate = {
    lane,
    step: from,
    index: 1,
    t,
    base,
    fresh: noise,
    wants: last ? 'both' : 'velocity',
    finished: last,
  }
  return { noise: { ...parent.noise, lane }, start }
}
