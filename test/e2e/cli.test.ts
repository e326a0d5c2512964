/** The command rollover, as a process, against the whole stack with a real pack. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { decode } from 'fast-png'
import { type RunningStack, runStack } from './stack.ts'

const ROLLOVER = fileURLToPath(new URL('../../shared/client/rollover.js', import.meta.url))
const PROMPT = ['two bears', 'and three apples']

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

describe('rollover', () => {
  let running: RunningStack
  let apiKey: string
  let config: string
  before(async () => {
    running = await runStack()
    apiKey = (await running.open()).apiKey
    config = join(running.dataFolder, 'cli', 'config.json')
  })
  after(() => running.close())

  const start = (args: readonly string[], environment: Record<string, string> = {}): ChildProcess =>
    spawn(process.execPath, [ROLLOVER, ...args], {
      cwd: running.dataFolder,
      env: { ROLLOVER_CONFIG: config, HOME: running.dataFolder, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  const endOf = async (child: ChildProcess): Promise<Ended> => {
    let [out, err] = ['', '']
    child.stdout?.on('data', (chunk) => {
      out += chunk
    })
    child.stderr?.on('data', (chunk) => {
      err += chunk
    })
    const [code] = await once(child, 'close')
    return { code, out, err }
  }
  const rollover = (...args: string[]) => endOf(start(args))
  /** The one line of JSON that a command ended well with. */
  const json = async (...args: string[]) => {
    const { code, out, err } = await rollover(...args, '--json')
    assert.equal(code, 0, err)
    assert.equal(out.trim().split('\n').length, 1)
    return JSON.parse(out)
  }
  const firstLine = async (child: ChildProcess, from: 'stdout' | 'stderr'): Promise<string> => {
    const stream = child[from]
    assert.ok(stream)
    const [line] = await once(createInterface(stream), 'line')
    return line
  }

  test('without a key says where to get one, and ends with 2', async () => {
    const { code, err } = await rollover('list')
    assert.equal(code, 2)
    assert.match(err, /rollover login/)
  })

  test('login takes the key from stdin, checks it, and keeps it for its owner alone', async () => {
    const wrong = await rollover('login', '--url', running.stack.url, '--key', 'rk_wrong')
    assert.equal(wrong.code, 3)
    const child = start(['login', '--url', running.stack.url, '--admin-key', running.stack.adminKey])
    child.stdin?.end(`${apiKey}\n`)
    const { code, out, err } = await endOf(child)
    assert.equal(code, 0, err)
    assert.match(out, /Logged in/)
    assert.equal((await stat(config)).mode & 0o777, 0o600)
    assert.equal(JSON.parse(await readFile(config, 'utf8')).api_key, apiKey)
    assert.ok(!(out + err).includes(apiKey))
  })

  test('generate saves the picture and shows what was found and paid', async () => {
    const { code, out, err } = await rollover('generate', ...PROMPT, '--nfe', '60', '--seed', '3', '--out', 'pictures/')
    assert.equal(code, 0, err)
    assert.match(err, /gen_\w+ {2}60 NFEs held/)
    assert.match(out, /asked {4}2 bear, 3 apple/)
    const file = /image {4}(.*)/.exec(out)?.[1] ?? ''
    assert.ok(file.endsWith('pictures/two-bears-and-three-apples-3.png'), file)
    assert.equal(decode(await readFile(file)).width, 128)
  })

  test('generate --json prints one line: the generation, and where its images are', async () => {
    const made = await json(
      'generate',
      ...PROMPT,
      '--nfe',
      '40',
      '--outputs',
      '2',
      '--format',
      'webp',
      '--target',
      '-100000',
    )
    assert.deepEqual([made.status, made.stop_reason], ['succeeded', 'target_reward'])
    assert.equal(made.files.length, made.outputs.length)
    for (const [at, file] of made.files.entries()) assert.equal((await stat(file)).size, made.outputs[at].bytes)
    assert.deepEqual((await json('list', '--limit', '1')).data[0].id, made.id)
    assert.deepEqual((await json('get', made.id, '--out', 'again/')).files.length, made.files.length)
  })

  test('--no-wait returns at once; watch shows every step; extend goes on', async () => {
    const accepted = await json('generate', ...PROMPT, '--nfe', '80', '--search', 'best-of-n', '--no-wait')
    const { code, out } = await rollover('watch', accepted.id, '--json')
    assert.equal(code, 0)
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.ok(lines.some(({ type }) => type === 'progress'))
    assert.equal(lines.at(-2).type, 'ended')
    assert.equal(lines.at(-1).status, 'succeeded')
    const more = await json('extend', accepted.id, '--nfe', '20')
    assert.equal(more.extends, accepted.id)
    assert.ok(more.result.reward >= lines.at(-1).result.reward)
    assert.equal((await json('delete', more.id)).deleted, true)
  })

  test('the terms of a request arrive as they were said, and an extension has its own', async () => {
    const terms = ['--priority', 'low', '--start-ttl', '600', '--retention', '7200', '--metadata', 'customer=a=b']
    const made = await json('generate', ...PROMPT, '--nfe', '10', ...terms)
    assert.deepEqual([made.priority, made.retention_seconds, made.metadata], ['low', 7200, { customer: 'a=b' }])
    assert.equal(Date.parse(made.start_by) - Date.parse(made.created_at), 600_000)
    const more = await json('extend', made.id, '--nfe', '10', '--priority', 'standard', '--metadata', 'customer=c')
    assert.deepEqual([more.priority, more.metadata, more.start_by], ['standard', { customer: 'c' }, null])
  })

  test('share prints a link that shows ended searches without a key, until it expires', async () => {
    const [{ id }] = (await json('list', '--status', 'succeeded', '--limit', '1')).data
    const { token, url, expires_at: end } = await json('share', id, '--expires', '60')
    assert.equal(url, `${running.stack.url}/#/shared/${token}`)
    const left = Date.parse(end) - Date.now()
    assert.ok(left > 0 && left <= 60_000, `${left}`)
    const shared = await fetch(`${running.stack.url}/v1/shared/${token}`)
    assert.equal(((await shared.json()) as { generations: unknown[] }).generations.length, 1)
    assert.match((await rollover('share', id)).out, /\/#\/shared\/.*\nuntil 20/)
    assert.deepEqual([(await rollover('share')).code, (await rollover('share', 'gen_none')).code], [2, 3])
  })

  test('cancel ends a search with its best so far; whoever waited for it ends with 1', async () => {
    const waiting = start(['generate', ...PROMPT, '--nfe', '2000', '--out', 'canceled.png'])
    const id = /gen_\w+/.exec(await firstLine(waiting, 'stderr'))?.[0] ?? ''
    const watching = start(['watch', id])
    await firstLine(watching, 'stdout')
    const ended = Promise.all([endOf(waiting), endOf(watching)])
    assert.equal((await rollover('cancel', id)).code, 0)
    const [waited, watched] = await ended
    assert.deepEqual([waited.code, watched.code], [1, 1])
    assert.match(waited.out, /canceled/)
    assert.equal((await json('get', id)).status, 'canceled')
  })

  test('Ctrl-C leaves the search as it is, says how to come back, and ends with 130', async () => {
    const child = start(['generate', ...PROMPT, '--nfe', '2000'])
    const id = /gen_\w+/.exec(await firstLine(child, 'stderr'))?.[0] ?? ''
    const ended = endOf(child)
    child.kill('SIGINT')
    const { code, err } = await ended
    assert.equal(code, 130)
    assert.match(err, new RegExp(`rollover watch ${id}`))
    assert.notEqual((await json('get', id)).status, 'canceled')
    await rollover('cancel', id)
  })

  test('what the API refuses ends with 3 and says why, by pointer; as JSON it is the problem itself', async () => {
    const { code, err } = await rollover('generate', 'seven baloons')
    assert.equal(code, 3)
    assert.match(err, /balloons/)
    const refused = await rollover('generate', 'two bears', '--nfe', '0', '--seed', '-1', '--json')
    assert.equal(refused.code, 3)
    assert.deepEqual(refused.out, '')
    const { error } = JSON.parse(refused.err)
    assert.equal(error.code, 'invalid_request')
    assert.deepEqual(
      error.errors.map(({ pointer }: { pointer: string }) => pointer),
      ['/nfe_budget', '/seed'],
    )
  })

  test('a command line that cannot be meant ends with 2, an API that is not there with 4', async () => {
    for (const args of [['generte'], ['generate'], ['generate', 'x', '--nfe', 'many'], ['list', '--colour'], ['keys']])
      assert.equal((await rollover(...args)).code, 2, args.join(' '))
    const nobody = { ROLLOVER_URL: 'http://127.0.0.1:9', ROLLOVER_API_KEY: apiKey }
    assert.equal((await endOf(start(['account', '--json'], nobody))).code, 4)
  })

  test('keys are issued, listed, rotated and revoked', async () => {
    const issued = await json('keys', 'issue', 'laptop', '--scope', 'generations:read', '--nfe-per-day', '500')
    const as = (key: string, ...args: string[]) => endOf(start(args, { ROLLOVER_API_KEY: key }))
    assert.equal((await as(issued.api_key, 'list')).code, 0)
    assert.equal((await as(issued.api_key, 'account')).code, 3)
    const rotated = await json('keys', 'rotate', issued.key_id, '--overlap', '0')
    assert.equal((await as(issued.api_key, 'list')).code, 3)
    assert.equal((await as(rotated.api_key, 'list')).code, 0)
    assert.ok((await json('keys', 'list')).data.some(({ id }: { id: string }) => id === issued.key_id))
    const narrowed = await json(
      'keys',
      'change',
      issued.key_id,
      '--name',
      'desk',
      '--nfe-per-day',
      'none',
      '--pack',
      'emoji-world',
    )
    assert.deepEqual([narrowed.name, narrowed.nfe_per_day, narrowed.packs], ['desk', null, ['emoji-world']])
    assert.deepEqual(narrowed.scopes, ['generations:read'])
    const { id } = await json('account')
    const idsOf = async (...more: string[]) =>
      (await json('keys', 'list', ...more)).data.map((key: { id: string }) => key.id)
    assert.deepEqual(await idsOf('--account', id), await idsOf())
    await json('keys', 'revoke', issued.key_id)
    assert.equal((await as(rotated.api_key, 'list')).code, 3)
  })

  test('webhooks listen receives, verifies and shows events, and leaves no endpoint behind', async () => {
    const listening = start(['webhooks', 'listen', '--event', 'generation.succeeded', '--count', '1', '--json'])
    const line = firstLine(listening, 'stdout')
    const ended = endOf(listening)
    while ((await json('webhooks', 'list')).data.length === 0);
    const made = await json('generate', ...PROMPT, '--nfe', '20')
    const event = JSON.parse(await line)
    assert.deepEqual([event.type, event.data.id, event.verified], ['generation.succeeded', made.id, true])
    assert.equal((await ended).code, 0)
    assert.deepEqual((await json('webhooks', 'list')).data, [])
    assert.equal((await json('webhooks', 'deliveries', '--limit', '1')).data[0].event_type, 'generation.succeeded')
  })

  test('an endpoint gets a new secret, and what it missed is sent again', async () => {
    const made = await json('webhooks', 'create', `${running.stack.url}/nobody`, '--event', 'generation.succeeded')
    const rotated = await json('webhooks', 'rotate', made.id, '--overlap', '60')
    assert.notEqual(rotated.secret, made.secret)
    assert.equal(rotated.public_keys.length, 2)
    assert.equal((await json('webhooks', 'recover', made.id)).replayed, 0)
    assert.equal((await json('webhooks', 'delete', made.id)).deleted, true)
  })

  test('account, usage and statement agree to the micro-dollar; packs and quote say the price', async () => {
    const { spent_micro_usd: spent } = await json('account')
    assert.ok(spent > 0)
    assert.equal((await json('usage', '--by', 'key')).total.price_micro_usd, spent)
    assert.equal((await json('statement')).charged_micro_usd, spent)
    const { out } = await rollover('usage', '--csv')
    assert.match(out, /^date,key_id/)
    const [pack] = (await json('packs')).data
    const quote = await json('quote', 'two bears', '--nfe', '100')
    assert.equal(quote.max_price_micro_usd, 100 * pack.price_micro_usd_per_nfe)
  })

  test('every command has a help that names each of its options', async () => {
    const { out } = await rollover('help')
    const commands = [
      ...out.matchAll(
        /^ {2}([a-z]+(?: (?:list|issue|change|rotate|revoke|listen|create|delete|test|deliveries|replay|recover))?)\b/gm,
      ),
    ]
    assert.ok(commands.length > 20)
    for (const code of ['0', '1', '2', '3', '4', '130']) assert.match(out, new RegExp(`^ {2}${code} `, 'm'))
    const help = await rollover('generate', '--help')
    for (const option of ['--nfe', '--seed', '--target', '--out', '--json']) assert.ok(help.out.includes(option))
  })
})
