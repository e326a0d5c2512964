/** What each search does, in a line; the service's own list decides which are offered. */
import type { SearchName } from '../../../shared/contract/search-names.ts'

export const SEARCHES: Readonly<Record<SearchName, string>> = {
  rbf: 'Rollover budget forcing: what a step saves, later steps may spend',
  adaptive: 'Chooses its settings from what was learned on other prompts',
  'best-of-n': 'Many whole images, the best one kept',
  funnel: 'Many starts, fewer and fewer carried on',
  'zero-order': 'Small moves of the first noise',
  evolution: 'Noises that are bred and mutated',
  sop: 'Search over paths: forward and back',
  smc: 'Weighted particles, resampled',
  code: 'Blocks of steps, best of each block',
  svdd: 'Best of a fixed number at every step',
  particles: 'Particles with a steered choice',
  threshold: 'Takes the first that passes a bar',
  lidar: 'Looks ahead before it steps',
  'rbf-paper': 'Rollover budget forcing, exactly as published',
}
