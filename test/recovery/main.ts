/** `npm run histories -- [--histories N] [--minutes M] [--seed S] [--json]`: ends with 1 when one does not add up. */
import { parseArgs } from 'node:util'
import { checkHistories } from './check-histories.ts'

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const [numRuns, minutes, seed] = [values.histories, values.minutes, values.seed].map(Number)
if (!Number.isInteger(numRuns) || !((minutes ?? 0) > 0) || !Number.isInteger(seed))
  throw new Error('--histories and --seed are whole numbers, --minutes a number above 0')
const { failure, ...figures } = await checkHistories({
  numRuns: numRuns ?? 0,
  seed: seed ?? 0,
  limitMs: (minutes ?? 0) * 60_000,
})
if (failure !== undefined) console.error(failure)
console.log(values.json ? JSON.stringify({ seed, ...figures }) : { seed, ...figures })
process.exit(failure === undefined ? 0 : 1)
