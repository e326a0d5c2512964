/** A pack that gives paths, beside one that gives images: the same requests, search and bill, other files. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { type Model, openModel } from '../../gpu-runner/engine/model.ts'
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

describe('a pack of paths', () => {
  const customer = startCustomer(PATH)
  let model: Model | undefined
  before(async () => {
    model = await openModel({ packFolder: PACK, threads: 1 })
  })
  after(() => model?.close())
  const search = async (terms: object = {}): Promise<Generation> => {
    const { edge, account } = customer
    const { id } = await customer.create(terms)
    if (model === undefined) throw new Error('no model')
    const runner = createRunner(edge, { packs: new Map([[model.manifest.name, { model, profiles: new Map() }]]) })
    await runner.work({ accountId: account.id, generationId: id })
    const response = await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
    const generation = generationSchema.parse(await response.json())
    assert.equal(generation.status, 'succeeded', JSON.stringify(generation.error))
    return generation
  }
  const read = async (url: string | undefined) => {
    const response = await fetch(url ?? '')
    assert.equal(response.status, 200)
    return { type: response.headers.get('content-type'), bytes: new Uint8Array(await response.arrayBuffer()) }
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

  test('is watched as drawings, and its extension is a path too', async () => {
    const watched = await search({ previews: true })
    const { edge, account } = customer
    const events = await edge.request('GET', `/v1/generations/${watched.id}/events`, { key: account.apiKey })
    if (events.status === 200) assert.match(await events.text(), /data:image\/webp;base64,/)
    const extended = await edge.request('POST', `/v1/generations/${watched.id}/extend`, {
      key: account.apiKey,
      body: { nfe_budget: 20 },
    })
    assert.equal(extended.status, 202)
    assert.equal(generationSchema.parse(await extended.json()).format, 'svg')
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
