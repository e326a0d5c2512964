/** The figures that the documents quote are the ones that the commands print now. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { idleLines, lineUsd } from '../../../cdk/costs/idle.ts'
import { priceOf, readPrices } from '../../../cdk/costs/prices.ts'
import { readStage } from '../../../cdk/stages.ts'

const ROOT = new URL('../../../', import.meta.url).pathname
const prices = readPrices()
const totalOf = (stage: string, free: boolean) =>
  idleLines(readStage(stage)).reduce((sum, line) => sum + lineUsd(prices, line, free), 0)
const run = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout
}
const rowsOf = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('| '))

test('an idle dev stage costs less than $5 a month after what AWS never bills, and the guide says how much', () => {
  const guide = readFileSync(`${ROOT}docs/deploy.md`, 'utf8')
  assert.ok(totalOf('dev', true) < 5)
  for (const stage of ['dev', 'prod'])
    for (const free of [false, true])
      assert.ok(guide.includes(`**$${totalOf(stage, free).toFixed(2)}**`), `${stage} ${free}`)
})

test('the price of 1,000 NFEs by GPU is in the guide as the command prints it', () => {
  const guide = readFileSync(`${ROOT}docs/deploy.md`, 'utf8')
  const rows = rowsOf(run('cdk/costs/main.ts')).filter((row) => /^\| [a-z0-9]+\.\w+ \|/.test(row))
  assert.equal(rows.length, 5)
  // The guide leaves out the last column: what stands behind the price.
  for (const row of rows) assert.ok(guide.includes(row.replace(/ \| [\d-]+ \(\w+\) \|$/, ' |')), row)
})

test('a quantity without a price is an error, not nothing', () => {
  assert.throws(() => priceOf(prices, 'unheard of'), /unheard of/)
})

test('the page of the simulation has the rows that the policy gives now', () => {
  const page = readFileSync(`${ROOT}docs/results/fleet.md`, 'utf8')
  const rows = rowsOf(run('cdk/simulate/main.ts', '--fleets', '4,20')).filter((row) => /\| (4|20) \|/.test(row))
  assert.ok(rows.length >= 8)
  for (const row of rows) assert.ok(page.includes(row), row)
})
