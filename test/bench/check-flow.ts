/** `npm run check:flow -- FILE`: the largest relative error of the flow library against a file of test/fixtures/flow.json's format. */
import { readFileSync } from 'node:fs'
import { compareFlow } from './compare-flow.ts'

const file = process.argv[2] ?? 'test/fixtures/flow.json'
const { checked, worst, where } = compareFlow(JSON.parse(readFileSync(file, 'utf8')))
console.log(`${checked} numbers checked, largest relative error ${worst.toExponential(2)} at ${where}`)
process.exitCode = worst <= 1e-9 && checked > 0 ? 0 : 1
