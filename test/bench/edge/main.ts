/**
 * `npm run bench:edge [-- --json --creates 400 --profile DIR]`: requests a second and own CPU time of a create, a get and a server-sent
 * event; size, import, first request and memory of each Lambda's bundle. `--profile` writes a CPU profile of the requests.
 */
import { parseArgs } from 'node:util'
import { machineLine } from '../machine.ts'
import { edgeMarkdown } from './markdown.ts'
import { measureEdge } from './measure-edge.ts'

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    creates: { type: 'string', default: '400' },
    profile: { type: 'string' },
  },
})

const report = await measureEdge(Number(flags.creates), flags.profile)
const machine = machineLine()
console.log(flags.json ? JSON.stringify({ machine, ...report }) : `${machine}\n\n${edgeMarkdown(report)}`)
