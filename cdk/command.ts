/** `npm run synth|deploy|destroy -- [stage] [more arguments of cdk]`: the CDK's own command on all stacks of a stage. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ACTS: Readonly<Record<string, readonly string[]>> = {
  synth: ['synth', '--quiet'],
  deploy: ['deploy', '--all'],
  destroy: ['destroy', '--all'],
}

const [act = '', ...rest] = process.argv.slice(2)
const args = ACTS[act]
if (args === undefined) throw new Error(`cdk/command.ts takes ${Object.keys(ACTS).join(', ')}, not ${act}`)
const [stage, more] = rest[0]?.startsWith('-') === false ? [rest[0], rest.slice(1)] : [undefined, rest]
if (stage === undefined && act !== 'synth') throw new Error(`Say which stage: npm run ${act} -- dev`)
const cdk = fileURLToPath(new URL('../node_modules/aws-cdk/bin/cdk', import.meta.url))
// The Node that runs this also runs the app: an older one on the path knows no TypeScript.
const app = ['--app', `"${process.execPath}" cdk/app.ts`]
const run = spawnSync(process.execPath, [cdk, ...args, ...app, '--context', `stage=${stage ?? 'dev'}`, ...more], {
  stdio: 'inherit',
})
process.exitCode = run.status ?? 1
