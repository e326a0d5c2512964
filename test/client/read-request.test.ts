/** What a command line asks for, as the API is asked: every field of the contract has its option. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMANDS } from '../../shared/client/commands/commands.ts'
import { readArguments } from '../../shared/client/commands/read-arguments.ts'
import { readExtension, readRequest } from '../../shared/client/commands/read-request.ts'
import { extensionRequestSchema, generationRequestSchema } from '../../shared/contract/generation.ts'

const PUBLIC_ONLY = { allowHttp: false, allowedCidrs: [] }
const TERMS = [
  ...['--nfe', '40', '--target', '-0.5', '--priority', 'low', '--deadline', '60', '--start-ttl', '30'],
  ...[
    '--retention',
    '3600',
    '--metadata',
    'customer=7',
    '--metadata',
    'note=a=b',
    '--webhook',
    'https://example.com/h',
  ],
]
const SAID = {
  nfe_budget: 40,
  target_reward: -0.5,
  priority: 'low',
  deadline_seconds: 60,
  start_ttl_seconds: 30,
  retention_seconds: 3600,
  metadata: { customer: '7', note: 'a=b' },
  webhook_url: 'https://example.com/h',
}
const given = (...line: string[]) => readArguments(COMMANDS, line).given

test('generate can say every field of a request', () => {
  const line = ['--seed', '3', '--pack', 'emoji-world', '--search', 'svdd', '--reward', 'count', '--outputs', '2']
  const request = readRequest(given('generate', 'two', 'bears', ...line, '--format', 'webp', '--previews', ...TERMS))
  assert.deepEqual(request, {
    prompt: 'two bears',
    seed: 3,
    pack: 'emoji-world',
    search: 'svdd',
    reward: 'count',
    n_outputs: 2,
    format: 'webp',
    previews: true,
    ...SAID,
  })
  const { shape } = generationRequestSchema(PUBLIC_ONLY)
  assert.deepEqual(Object.keys(request).toSorted(), Object.keys(shape).toSorted())
})

test('extend can say every field of an extension', () => {
  const extension = readExtension(given('extend', 'gen_1', ...TERMS))
  assert.deepEqual(extension, SAID)
  const { shape } = extensionRequestSchema(PUBLIC_ONLY)
  assert.deepEqual(Object.keys(extension).toSorted(), Object.keys(shape).toSorted())
})

test('what is not said is left to the API; only the budget is always said', () => {
  assert.deepEqual(readRequest(given('quote', 'two bears')), { prompt: 'two bears', nfe_budget: 300 })
  assert.deepEqual(readExtension(given('extend', 'gen_1')), { nfe_budget: 300 })
})

test('what has no form is refused: no prompt, a count that is none, metadata without a name', () => {
  assert.throws(() => readRequest(given('generate')), /prompt is needed/)
  assert.throws(() => readRequest(given('generate', 'x', '--count', 'bear=many')), /THING=N, not bear=many/)
  assert.throws(() => readExtension(given('extend', 'gen_1', '--metadata', '=7')), /KEY=VALUE, not =7/)
})
