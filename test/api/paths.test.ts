/** A pack that gives paths, beside one that gives images: the same requests, search and bill, other files. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { type Model, openModel } from '../../gpu-runner/engine/model.ts'
import { batchResultSchema, batchSchema } from '../../shared/contract/batch.ts'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { pathFileSchema } from '../../shared/contract/output.ts'
import { startCustomer } from './customer.ts'
import { createRunner } from './work.ts'

const PACK = fileURLToPath(new URL('../../gpu-runner/packs/trajectories', import.meta.url))
const PATH = {
  pack: 'trajectories',
  prompt: 'from bottom left to top right around a horseshoe',
  nfe_budget: 40,
  seed: 3,
}

/** Discs of a slalom. */
const SLALOM = 4

describe('a pack of paths', () => {
  const customer = startCustomer(PATH)
  let model: Model | undefined
  before(async () => {
    model = await openModel({ packFolder: PACK, threads: 1 })
  })
  after(() => model?.close())
  /** Has a runner with both packs search it. */
  const work = async (id: string): Promise<Generation> => {
    const { edge, account } = customer
    if (model === undefined) throw new Error('no model')
    const runner = createRunner(edge, { packs: new Map([[model.manifest.name, { model, profiles: new Map() }]]) })
    await runner.work({ accountId: account.id, generationId: id })
    const response = await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
    const generation = generationSchema.parse(await response.json())
    assert.equal(generation.status, 'succeeded', JSON.stringify(generation.error))
    return generation
  }
  const search = async (terms: object = {}): Promise<Generation> => work((await customer.create(terms)).id)
  const read = async (url: string | undefined) => {
    const response = await fetch(url ?? '')
    assert.equal(response.status, 200)
    return { type: response.headers.get('content-type'), bytes: new Uint8Array(await response.arrayBuffer()) }
  }
  const pathOf = async ({ outputs: [output] }: Generation) => {
    const json = [output, ...(output?.alternates ?? [])].find((file) => file?.content_type === 'application/json')
    return pathFileSchema.parse(JSON.parse(new TextDecoder().decode((await read(json?.url)).bytes)))
  }
  const refused = async (terms: object): Promise<unknown> => {
    const { balance_micro_usd: balance } = await customer.edge.account(customer.account.apiKey)
    const response = await customer.ask(terms)
    assert.equal(response.status, 422)
    assert.equal((await customer.edge.account(customer.account.apiKey))['balance_micro_usd'], balance)
    return ((await response.json()) as { errors: unknown }).errors
  }

  test('gives a drawing and its numbers, whose hashes are told, and charges the NFEs it used', async () => {
    const { outputs, usage, format } = await search()
    const [output] = outputs
    assert.equal(format, 'svg')
    const [svg, json] = [await read(output?.url), await read(output?.alternates[0]?.url)]
    assert.deepEqual([svg.type, json.type], ['image/svg+xml', 'application/json'])
    for (const [file, { sha256 = '' } = {}] of [
      [svg, output],
      [json, output?.alternates[0]],
    ] as const)
      assert.equal(createHash('sha256').update(file.bytes).digest('hex'), sha256)
    assert.equal((await sharp(svg.bytes).metadata()).width, output?.width)
    const path = pathFileSchema.parse(JSON.parse(new TextDecoder().decode(json.bytes)))
    assert.equal(path.points.length, 32)
    assert.equal(path.obstacles.length, 8)
    for (const [end, point] of [
      [path.start, path.points.at(0)],
      [path.goal, path.points.at(-1)],
    ] as const)
      for (const axis of [0, 1] as const) assert.ok(Math.abs(end[axis] - (point?.[axis] ?? Number.NaN)) < 1e-3)
    assert.equal(usage.nfe_used, PATH.nfe_budget)
    assert.equal(usage.price_micro_usd, usage.nfe_used * usage.price_micro_usd_per_nfe)
  })

  test('gives the same bytes for the same seed, the numbers first where they are asked for', async () => {
    const [drawn, numbers] = [await search(), await search({ format: 'json' })]
    assert.equal(numbers.outputs[0]?.content_type, 'application/json')
    assert.equal(numbers.outputs[0]?.sha256, drawn.outputs[0]?.alternates[0]?.sha256)
    assert.equal(numbers.outputs[0]?.alternates[0]?.sha256, drawn.outputs[0]?.sha256)
  })

  test('is watched as drawings', async () => {
    const watched = await search({ previews: true })
    const { edge, account } = customer
    const events = await edge.request('GET', `/v1/generations/${watched.id}/events`, { key: account.apiKey })
    assert.equal(events.status, 200)
    assert.match(await events.text(), /data:image\/webp;base64,/)
  })

  test('is extended to a path that is no worse, for the NFEs of the extension', async () => {
    const { edge, account } = customer
    const first = await search({ format: 'json' })
    const accepted = await edge.request('POST', `/v1/generations/${first.id}/extend`, {
      key: account.apiKey,
      body: { nfe_budget: 20 },
    })
    assert.equal(accepted.status, 202)
    const second = await work(generationSchema.parse(await accepted.json()).id)
    assert.deepEqual([second.extends, second.pack, second.format], [first.id, PATH.pack, 'json'])
    assert.deepEqual([second.stop_reason, second.usage.nfe_used, second.usage.nfe_refunded], ['budget', 20, 0])
    assert.ok((second.result?.reward ?? -Infinity) >= (first.result?.reward ?? 0))
    const [before, after] = await Promise.all([first, second].map(pathOf))
    assert.deepEqual([after?.start, after?.goal, after?.obstacles], [before?.start, before?.goal, before?.obstacles])
    assert.equal(after?.points.length, before?.points.length)
    const svg = await read(second.outputs[0]?.alternates[0]?.url)
    assert.equal((await sharp(svg.bytes).metadata()).format, 'svg')
  })

  const batch = (lines: readonly object[]) =>
    customer.edge.request('POST', '/v1/batches?nfe_budget=90', {
      key: customer.account.apiKey,
      body: lines.map((line) => JSON.stringify(line)).join('\n'),
      headers: { 'content-type': 'application/jsonl' },
    })
  const { nfe_budget: _, ...line } = PATH

  test('is asked for in a batch, in either format, beside a pack of images', async () => {
    const { edge, account } = customer
    const response = await batch([
      { ...line, id: 'drawn' },
      { ...line, id: 'numbers', format: 'json', prompt: 'from left to right around a slalom' },
      { id: 'image', prompt: 'two bears', seed: 3 },
    ])
    assert.equal(response.status, 202, await response.clone().text())
    const { id } = batchSchema.parse(await response.json())
    const ask = (path: string) => edge.request('GET', `/v1/batches/${id}${path}`, { key: account.apiKey })
    const results = async () =>
      (await (await ask('/results')).text())
        .trimEnd()
        .split('\n')
        .map((row) => batchResultSchema.parse(JSON.parse(row)))
    for (const { generation_id } of await results()) await work(generation_id)
    const generations = (await results()).map(({ generation }) => generation)
    assert.deepEqual(
      generations.map((one) => [one?.pack, one?.outputs[0]?.content_type, one?.outputs[0]?.alternates.length]),
      [
        ['trajectories', 'image/svg+xml', 1],
        ['trajectories', 'application/json', 1],
        ['emoji-world', 'image/png', 0],
      ],
    )
    const numbers = generations[1]
    assert.equal((numbers && (await pathOf(numbers)))?.obstacles.length, SLALOM)
    const { status, usage } = batchSchema.parse(await (await ask('')).json())
    assert.deepEqual([status, usage.nfe_used, usage.nfe_held], ['ended', 90, 90])
  })

  test('is refused in a batch by its line and its place, and nothing is held', async () => {
    const { edge, account } = customer
    const { balance_micro_usd: balance } = await edge.account(account.apiKey)
    const response = await batch([line, { ...line, prompt: 'from left to righ around a wall' }])
    assert.equal(response.status, 422)
    const { errors } = (await response.json()) as { errors: { pointer: string; detail: string }[] }
    assert.equal(errors[0]?.pointer, '/1/prompt')
    assert.match(errors[0]?.detail ?? '', /\{goal\} belongs; did you mean right\?/)
    assert.equal((await edge.account(account.apiKey))['balance_micro_usd'], balance)
  })

  test('refuses a format of another kind, and so does a pack of images', async () => {
    assert.deepEqual(await refused({ format: 'png' }), [
      { pointer: '/format', detail: 'png is of another kind; the pack trajectories gives paths, as svg or json' },
    ])
    assert.deepEqual(await refused({ pack: 'emoji-world', prompt: 'two cats', format: 'svg' }), [
      {
        pointer: '/format',
        detail: 'svg is of another kind; the pack emoji-world gives images, as png or webp or jpeg',
      },
    ])
  })

  for (const [prompt, detail] of [
    ['from bottom left to top right around a horsesho', /\{obstacles\} belongs; did you mean a horseshoe\?/],
    ['from nowhere to top around a wall', /\{start\} belongs; one of bottom left, /],
    ['bottom left to top', /where "from" belongs/],
    ['from left to right around a wall with a gap twice', /"twice" after its end/],
    ['from left to right', /ends where "around" belongs/],
  ] as const)
    test(`refuses "${prompt}" by the place of its fault`, async () => {
      const [error] = (await refused({ prompt })) as { pointer: string; detail: string }[]
      assert.equal(error?.pointer, '/prompt')
      assert.match(error?.detail ?? '', detail)
    })

  test('has no rewards of pixels and asks no scoring server', async () => {
    const [pixels] = (await refused({ reward: 'colorfulness' })) as { pointer: string }[]
    assert.equal(pixels?.pointer, '/reward')
    const server = { name: 'http', url: 'http://127.0.0.1:9/score' }
    const [http] = (await refused({ reward: server })) as { pointer: string; detail: string }[]
    assert.match(http?.detail ?? '', /asked about images/)
  })
})
