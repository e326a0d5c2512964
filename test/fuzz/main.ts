/**
 * `npm run fuzz -- [--inputs N] [--seed S] [--json]`: every parser under N inputs in all, then how its time grows. Ends with 1
 * when one crashed, or took a time that grows like the square of its input.
 */
import { parseArgs } from 'node:util'
import { machineLine } from '../bench/machine.ts'
import { measureGrowth } from './growth.ts'
import { fuzzRequests } from './requests.ts'
import { runFuzz } from './run-fuzz.ts'

/** A request to the whole edge costs as much as many parsed inputs. */
const INPUTS_PER_REQUEST = 250
/** Between linear and quadratic, with room for a busy machine. */
const MOST_EXPONENT = 1.6
/** What the longest input takes no longer than is no attack, however it grows. */
const HARMLESS_MS = 100

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const inputs = Number(values.inputs)
const seed = Number(values.seed)
if (!(inputs >= 1) || !Number.isInteger(seed)) throw new Error('--inputs is a number from 1, --seed a whole number')
const from = Date.now()
const { targets, ...figures } = await runFuzz({ inputs, seed })
const requests = await fuzzRequests({ numRuns: Math.ceil(inputs / INPUTS_PER_REQUEST), seed })
const growth = await measureGrowth()
const steep = growth.filter(({ exponent, ms }) => exponent > MOST_EXPONENT && ms > HARMLESS_MS)
const machine = machineLine()
const seconds = Math.round((Date.now() - from) / 1000)
const crashes = figures.crashes + (requests.crash === undefined ? 0 : 1)
const counted = { parsers: targets.length, requests: requests.requests, steep: steep.length }
const line = { ...figures, crashes, ...counted, seconds, machine }
for (const { name, crash } of targets) if (crash !== undefined) console.error(`${name}: ${crash}`)
if (requests.crash !== undefined) console.error(`a request to the edge: ${requests.crash}`)
for (const { name, input, exponent, ms } of steep)
  console.error(`${name}, long input ${input}: time grows with exponent ${exponent}, ${ms} ms`)
if (!values.json) {
  console.table(targets, ['name', 'inputs', 'taken', 'slowest_ms'])
  console.table(growth)
  console.table(requests.statuses)
}
console.log(values.json ? JSON.stringify(line) : line)
process.exit(crashes + steep.length === 0 ? 0 : 1)
