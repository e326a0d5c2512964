/**
 * `npm run bench:edge [-- --json --creates 400]`: what the edge itself costs. Its Lambda is bundled and minified as the cloud's
 * is, and imported by a process of its own (edge-creates.ts) that calls the handler with the events of a function URL, one
 * create after the other, against the emulators in another process. So the CPU time of that process is the edge's own:
 * routing, checks, signatures, and the SDK's calls to DynamoDB and SQS.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { loadSecrets } from '../../cdk/local/secrets.ts'
import { startServices } from '../../cdk/local/services.ts'
import { serviceEnvironment } from '../../cdk/local/stack.ts'
import { buildPage } from '../../functions/playground/build.ts'
import { writePage } from '../../functions/playground/read-page.ts'
import type { CreatesReport } from './edge-creates.ts'

const ENTRY = fileURLToPath(new URL('../../functions/api/lambda.ts', import.meta.url))
const CREATES = fileURLToPath(new URL('./edge-creates.ts', import.meta.url))
const IMPORTS = 5
/** Clock ticks a second of /proc: what every Linux that Node runs on has. */
const TICKS = 100

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    creates: { type: 'string', default: '400' },
    profile: { type: 'string' },
  },
})

/** As cdk/constructs/bundled-function.ts bundles it. */
const bundleEdge = async (folder: string): Promise<{ file: string; bytes: number; gzipBytes: number }> => {
  const file = join(folder, 'index.mjs')
  await build({
    entryPoints: [ENTRY],
    outfile: file,
    bundle: true,
    minify: true,
    // Names instead of letters in a profile; the code is the same.
    ...(flags.profile !== undefined && { minify: false }),
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: {
      js: "import{createRequire as createRequireOfBundle}from'node:module';const require=createRequireOfBundle(import.meta.url);",
    },
    logLevel: 'warning',
  })
  await writePage(join(folder, 'page'), await buildPage())
  const text = await readFile(file)
  return { file, bytes: (await stat(file)).size, gzipBytes: gzipSync(text).length }
}

const runCreates = async (
  bundle: string,
  on: { environment: Record<string, string>; adminKey: string; creates: number },
): Promise<CreatesReport> => {
  const child = fork(CREATES, [bundle, String(on.creates), on.adminKey], {
    // As the cloud's functions have them; what they print is not for this terminal.
    env: { ...on.environment, POWERTOOLS_SERVICE_NAME: 'api', POWERTOOLS_METRICS_NAMESPACE: 'bench' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: flags.profile === undefined || on.creates === 0 ? [] : ['--cpu-prof', `--cpu-prof-dir=${flags.profile}`],
  })
  let report: CreatesReport | undefined
  child.on('message', (message) => {
    report = message as CreatesReport
  })
  const [code] = await once(child, 'exit')
  if (report === undefined) throw new Error(`the measured process ended with ${code} and no report`)
  return report
}

/** CPU seconds of the emulators so far; undefined where there is no /proc. */
const emulatorSeconds = async (): Promise<number | undefined> => {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    // After the command in brackets: state, parent, ...; user and system time are the 12th and 13th from there.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (Number(fields[1]) !== process.pid || !command.includes('emulators/main.ts')) continue
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  }
  return undefined
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN

const folder = await mkdtemp(join(tmpdir(), 'rollover-bench-edge-'))
const secrets = await loadSecrets(folder)
const services = await startServices(folder, secrets)
try {
  const settings = serviceEnvironment({ secrets, url: 'http://127.0.0.1:1', port: 1, options: {} })
  const environment = { ...services.environment, ...settings }
  const bundle = await bundleEdge(folder)
  const imports: CreatesReport[] = []
  for (let at = 0; at < IMPORTS; at++)
    imports.push(await runCreates(bundle.file, { environment, adminKey: secrets.adminKey, creates: 0 }))
  const creates = Number(flags.creates)
  const before = await emulatorSeconds()
  const report = await runCreates(bundle.file, { environment, adminKey: secrets.adminKey, creates })
  const after = await emulatorSeconds()
  const emulatorMs =
    before === undefined || after === undefined ? undefined : ((after - before) * 1000) / report.requestsMade
  const round = (value: number) => Math.round(value * 100) / 100
  const result = {
    machine: cpus()[0]?.model.trim(),
    node: process.version,
    bundle_bytes: bundle.bytes,
    bundle_gzip_bytes: bundle.gzipBytes,
    import_ms: round(
      quantile(
        imports.map(({ importMs }) => importMs),
        0.5,
      ),
    ),
    import_cpu_ms: round(
      quantile(
        imports.map(({ importCpuMs }) => importCpuMs),
        0.5,
      ),
    ),
    first_create_ms: round(report.firstMs),
    creates,
    own_cpu_ms: { p50: round(quantile(report.cpuMs, 0.5)), p95: round(quantile(report.cpuMs, 0.95)) },
    own_cpu_ms_with_idempotency_key: {
      p50: round(quantile(report.keyedCpuMs, 0.5)),
      p95: round(quantile(report.keyedCpuMs, 0.95)),
    },
    emulators_cpu_ms_mean: emulatorMs === undefined ? null : round(emulatorMs),
    wall_ms: { p50: round(quantile(report.wallMs, 0.5)), p95: round(quantile(report.wallMs, 0.95)) },
  }
  if (flags.json) console.log(JSON.stringify(result))
  else for (const [name, value] of Object.entries(result)) console.log(name.padEnd(34), JSON.stringify(value))
} finally {
  await services.stop()
  await rm(folder, { recursive: true, force: true })
}
