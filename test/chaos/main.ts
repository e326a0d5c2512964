/** `npm run chaos -- [--minutes N] [--seed S] [--json]`: ends with 1 when anything was lost, charged twice or broken. */
import { parseArgs } from 'node:util'
import { runChaos } from './run-chaos.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.minutes) * 60
const seed = Number(values.seed)
if (!(seconds > 0) || !Number.isInteger(seed)) throw new Error('--minutes is a number above 0, --seed a whole number')
const { breaks, ...figures } = await runChaos({ seconds, seed })
for (const sentence of breaks) console.error(sentence)
console.log(values.json ? JSON.stringify(figures) : figures)
process.exit(breaks.length === 0 ? 0 : 1)
