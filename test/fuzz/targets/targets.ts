/** Every parser under fuzz. */
import type { Target } from '../target.ts'
import { CLIENT_TARGETS } from './client.ts'
import { EDGE_TARGETS } from './edge.ts'
import { EMULATOR_TARGETS } from './emulators.ts'
import { PATH_TARGETS } from './paths.ts'
import { RUNNER_TARGETS } from './runner.ts'

export const TARGETS: readonly Target[] = [
  ...EDGE_TARGETS,
  ...RUNNER_TARGETS,
  ...PATH_TARGETS,
  ...CLIENT_TARGETS,
  ...EMULATOR_TARGETS,
]
