/** Every search by its name in a request. */
import { searchAdaptive } from './adaptive.ts'
import { searchBestOfN } from './best-of-n.ts'
import { searchCode } from './code.ts'
import { searchEvolution } from './evolution.ts'
import { searchFunnel } from './funnel.ts'
import { searchGradient } from './gradient.ts'
import { searchLidar } from './lidar.ts'
import { searchParticles } from './particles.ts'
import { searchRbf } from './rbf.ts'
import { searchRbfPaper } from './rbf-paper.ts'
import { searchSmc } from './smc.ts'
import { searchSop } from './sop.ts'
import { searchSvdd } from './svdd.ts'
import { searchThreshold } from './threshold.ts'
import { searchZeroOrder } from './zero-order.ts'

export const SEARCHES = {
  'best-of-n': searchBestOfN,
  funnel: searchFunnel,
  'zero-order': searchZeroOrder,
  evolution: searchEvolution,
  sop: searchSop,
  smc: searchSmc,
  code: searchCode,
  svdd: searchSvdd,
  particles: searchParticles,
  threshold: searchThreshold,
  lidar: searchLidar,
  gradient: searchGradient,
  rbf: searchRbf,
  adaptive: searchAdaptive,
  'rbf-paper': searchRbfPaper,
} as const

export type SearchName = keyof typeof SEARCHES
