/**
 * `npm run test:ministack -- [files]`: the e2e suite, or the files named, against ministack instead of the embedded emulators.
 * Says how to install it, and ends well, where it is missing.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../cdk/local/free-port.ts'
import { ROOT_CREDENTIALS } from '../../cdk/local/other-services.ts'

const VERSION = '1.5.33'
const START_MS = 60_000
const SUITE = ['test/e2e/*.test.ts']

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const environment = process.env

const find = async (): Promise<string | undefined> => {
  for (const folder of ['.venv/bin', ...(environment['PATH'] ?? '').split(delimiter)]) {
    const file = join(folder, 'ministack')
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file
  }
  return undefined
}

const answers = async (url: string, process: ChildProcess): Promise<void> => {
  const end = Date.now() + START_MS
  while (
    !(await fetch(`${url}/_ministack/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (process.exitCode !== null || Date.now() > end) throw new Error('ministack does not answer')
    await sleep(300)
  }
}

const ministack = await find()
if (ministack === undefined) {
  console.log(
    `Skipped: ministack is not installed. python3 -m venv .venv && .venv/bin/pip install ministack==${VERSION}`,
  )
  process.exit(0)
}
const port = await freePort(0)
const url = `http://127.0.0.1:${port}`
const place = { BIND_HOST: '127.0.0.1', MINISTACK_HOST: '127.0.0.1', GATEWAY_PORT: String(port) }
const root = {
  AWS_ACCESS_KEY_ID: ROOT_CREDENTIALS.awsAccessKeyId,
  AWS_SECRET_ACCESS_KEY: ROOT_CREDENTIALS.awsSecretAccessKey,
}
const server = spawn(ministack, [], { env: { ...environment, ...place, ...root }, stdio: 'ignore' })
const ended = once(server, 'exit')
try {
  await answers(url, server)
  const files = process.argv.length > 2 ? process.argv.slice(2) : SUITE
  const suite = spawn(process.execPath, ['--test', ...files], {
    env: { ...environment, EMULATOR_URL: url },
    stdio: 'inherit',
  })
  const [code] = await once(suite, 'exit')
  process.exitCode = code ?? 1
} finally {
  server.kill('SIGTERM')
  await ended
}
