/** The emulators as a process: who may reach them, when they end, and what they refuse to start with. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type EmulatorConfig, emulatorsReady } from '../../cdk/local/emulators/config.ts'
import { launchEmulators, type RunningEmulators } from '../../cdk/local/emulators/launch.ts'
import { type EmulatorPackage, PINNED, pinnedFolder } from '../../cdk/local/emulators/packages.ts'
import { isExternal, localConfig, temporaryFolder } from './cloud.ts'

const LAUNCH = new URL('../../cdk/local/emulators/launch.ts', import.meta.url).href
const MAIN = new URL('../../cdk/local/emulators/main.ts', import.meta.url).pathname

let folder: string
let emulators: RunningEmulators

const configIn = (dataDir: string): EmulatorConfig =>
  localConfig({ dataDir, queues: [{ name: 'work' }], bucket: `conformance-${randomUUID()}` })

before(async () => {
  folder = await temporaryFolder()
  if (!isExternal) emulators = await launchEmulators(configIn(join(folder, 'shared')))
})
after(async () => {
  if (!isExternal) await emulators.stop()
  await rm(folder, { recursive: true })
})

const local = (name: string, run: () => Promise<void>) => test(name, { skip: isExternal }, run)
const endpoints = () => [emulators.dynamodb, emulators.sqs, emulators.s3]

async function reachable(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function goneWithin(endpoint: string, limitMs: number): Promise<boolean> {
  const { hostname, port } = new URL(endpoint)
  const deadline = performance.now() + limitMs
  while (performance.now() < deadline) {
    if (!(await reachable(hostname, Number(port)))) return true
    await setTimeout(50)
  }
  return false
}

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout)
  const [line] = await once(createInterface(child.stdout), 'line')
  return line
}

local('the services listen on the loopback interface only', async () => {
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
  for (const endpoint of endpoints()) {
    const port = Number(new URL(endpoint).port)
    assert.ok(await reachable('127.0.0.1', port))
    for (const { address } of others) assert.equal(await reachable(address, port), false, `${address}:${port}`)
  }
})

local('a web page cannot drive the services, whose callers it could not prove', async () => {
  const page = { origin: 'https://example.com', 'content-type': 'application/x-amz-json-1.0' }
  const targets = [
    [emulators.dynamodb, 'DynamoDB_20120810.ListTables'],
    [emulators.sqs, 'AmazonSQS.ListQueues'],
  ] as const
  for (const [endpoint, target] of targets) {
    const post = (headers: Record<string, string>) => fetch(endpoint, { method: 'POST', headers, body: '{}' })
    assert.equal((await post({ 'content-type': page['content-type'], 'x-amz-target': target })).status, 200)
    assert.ok((await post({ ...page, 'x-amz-target': target })).status >= 400)
    const preflight = await fetch(endpoint, { method: 'OPTIONS', headers: page })
    assert.equal(preflight.headers.get('access-control-allow-origin'), null)
  }
})

local('SIGTERM and SIGINT end the process cleanly, with a poll still waiting', async () => {
  const endBy = async (signal: 'SIGTERM' | 'SIGINT') => {
    const config = configIn(join(folder, signal))
    const child = spawn(process.execPath, [MAIN, JSON.stringify(config)], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    const { queueUrls, sqs } = emulatorsReady.parse(JSON.parse(await firstLine(child)))
    const poll = fetch(sqs, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ReceiveMessage' },
      body: JSON.stringify({ QueueUrl: queueUrls['work'], WaitTimeSeconds: 20 }),
    }).catch(() => undefined)
    await setTimeout(100)
    child.kill(signal)
    assert.deepEqual(await ended, [0, null])
    await poll
  }
  await Promise.all([endBy('SIGTERM'), endBy('SIGINT')])
})

local('the process ends when the process that launched it is killed, and frees its ports', async () => {
  const config = JSON.stringify(configIn(join(folder, 'orphan')))
  const script = `
    const { launchEmulators } = await import(${JSON.stringify(LAUNCH)})
    console.log(JSON.stringify(await launchEmulators(${config})))`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { dynamodb } = JSON.parse(await firstLine(parent)) as { dynamodb: string }
  parent.kill('SIGKILL')
  assert.ok(await goneWithin(dynamodb, 5_000))
})

local('a parent that left neither pipe nor channel is missed too', async () => {
  const config = JSON.stringify(configIn(join(folder, 'detached')))
  const script = `
    const child = (await import('node:child_process')).spawn(
      process.execPath, [${JSON.stringify(MAIN)}, ${JSON.stringify(config)}], { stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout.pipe(process.stdout)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { dynamodb } = JSON.parse(await firstLine(parent)) as { dynamodb: string }
  parent.kill('SIGKILL')
  assert.ok(await goneWithin(dynamodb, 5_000))
})

local('a second process on the same folder refuses to start, and harms nothing', async () => {
  const child = spawn(process.execPath, [MAIN, JSON.stringify(configIn(join(folder, 'shared')))], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const errors = child.stderr.setEncoding('utf8').toArray()
  assert.deepEqual(await once(child, 'exit'), [1, null])
  assert.match((await errors).join(''), /is another process using it\?/)
  assert.equal((await fetch(emulators.s3)).status, 403)
})

local('a configuration with an unknown key, or none, is refused', async () => {
  for (const args of [[JSON.stringify({ ...configIn(folder), verbose: true })], []]) {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'ignore', 'pipe'] })
    const errors = child.stderr.setEncoding('utf8').toArray()
    assert.deepEqual(await once(child, 'exit'), [1, null])
    assert.match((await errors).join(''), /verbose|The configuration is missing/)
  }
})

test('a package in another version than the one whose internals are repaired is refused by name and number', async () => {
  const other = join(folder, 'other-version')
  await mkdir(other)
  await writeFile(join(other, 'package.json'), JSON.stringify({ version: '9.8.7' }))
  for (const name of Object.keys(PINNED) as EmulatorPackage[]) {
    const message = new RegExp(`${name} 9\\.8\\.7 is installed.*${name} ${PINNED[name].replaceAll('.', '\\.')}`)
    assert.throws(() => pinnedFolder(name, () => other), { message })
    assert.ok(pinnedFolder(name))
  }
})

test('package.json pins exactly the versions that the repairs were written against', async () => {
  const root = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  const installed = { ...root.dependencies, ...root.devDependencies } as Record<string, string>
  for (const [name, version] of Object.entries(PINNED)) assert.equal(installed[name], version, name)
})
