/** What each search does, in a line; the service's own list decides which are offered. */
import type { SearchName } from '../../../shared/contract/search-names.ts'

export const SEARCHES: Readonly<Record<SearchName, string>> = {
  rbf: 'Drafts, then repairs in rounds; what a round saves, the next may spend',
  adaptive: 'rbf with learned quotas; leaves the rest of a budget that buys too little',
  'best-of-n': 'Many whole images, the best one kept',
  funnel: 'Short drafts, the best quarter drawn again with more steps',
  'zero-order': 'Climbs from one first noise to a better one nearby, with restarts',
  evolution: 'A population of images, bred and mutated in noise and picture',
  sop: 'Search over paths: forward and back',
  smc: 'Weighted particles, resampled',
  code: 'Blocks of steps, best of each block',
  svdd: 'Best of a fixed number at every step',
  particles: 'A beam whose width follows the spread of rewards',
  threshold: 'Takes the first candidate that stands out among its siblings',
  lidar: 'Cheap look-aheads, then walks that lean towards the good ones',
  'rbf-paper': 'Rollover budget forcing, exactly as published',
  gradient: 'Rollover budget forcing, pushed along the gradient of the reward',
}
