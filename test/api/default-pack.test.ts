/** A request that names no pack gets the first of those that this deployment has, whatever their names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkRequest } from '../../functions/api/generations/check-request.ts'
import { readPacks } from '../../functions/api/packs/read-packs.ts'
import { generationRequestSchema } from '../../shared/contract/generation.ts'
import { compileDenyList } from '../../shared/domain/deny-list.ts'

const all = await readPacks(fileURLToPath(new URL('../../gpu-runner/packs', import.meta.url)))
const denied = compileDenyList({})
const schema = generationRequestSchema({ allowHttp: false, allowedCidrs: [] })
const checked = (packs: typeof all, request: object) => checkRequest({ packs, denied }, schema.parse(request)).card

test('a request without a pack gets the first', () => {
  const bears = { prompt: 'two bears', nfe_budget: 4 }
  assert.equal(checked(all, bears).manifest.name, 'emoji-world')
  const paths = new Map([...all].filter(([name]) => name === 'trajectories'))
  const path = { prompt: 'from bottom left to top right around a horseshoe', nfe_budget: 40 }
  assert.equal(checked(paths, path).manifest.name, 'trajectories')
  assert.throws(() => checked(paths, { ...path, pack: 'emoji-world' }), /there is trajectories/)
})
