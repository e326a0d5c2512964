/** Every package that the lockfile brings is licensed so that a company may run and ship what is built on it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

interface Locked {
  readonly license?: string
  readonly dev?: boolean
}

const ALLOWED = new Set([
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
])

/** Package -> why it is taken all the same. */
const EXCEPTIONS: readonly (readonly [RegExp, licence: string | undefined, why: string])[] = [
  [/^@img\/sharp-/, 'LGPL-3.0-or-later', 'libvips as a shared library of its own, which whoever runs it may replace'],
  [/^axe-core$/, 'MPL-2.0', 'development only: a checker of pages, not part of any'],
  [/^argparse$/, 'PSF-2.0', 'development only; permissive'],
  [/^(busboy|streamsearch)$/, undefined, 'development only; MIT by their LICENSE files'],
  [/^humanize-number$/, undefined, 'development only; MIT by its readme'],
]

const { packages } = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  packages: Record<string, Locked>
}
const locked = Object.entries(packages)
  .filter(([path]) => path !== '')
  .map(([path, entry]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), ...entry }))

/** An SPDX expression of AND and OR without nesting, as packages have them. */
const isAllowed = (expression: string, also: readonly string[]): boolean =>
  expression
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((all) => all.split(' AND ').every((id) => ALLOWED.has(id) || also.includes(id)))

const exceptionsFor = (name: string) => EXCEPTIONS.filter(([pattern]) => pattern.test(name))

describe('the packages of the lockfile', () => {
  for (const part of ['run', 'development'] as const)
    test(`for ${part} have a licence that is permissive, or a reason`, () => {
      const these = locked.filter(({ dev = false }) => dev === (part === 'development'))
      assert.ok(these.length > 20)
      for (const { name, license } of these) {
        const exceptions = exceptionsFor(name)
        const taken =
          license === undefined
            ? exceptions.some(([, licence]) => licence === undefined)
            : isAllowed(
                license,
                exceptions.flatMap(([, licence]) => licence ?? []),
              )
        assert.ok(taken, `${name} is licensed ${license}`)
      }
    })

  test('that are taken for development only are in nothing that runs', () => {
    for (const [pattern, , why] of EXCEPTIONS.filter(([, , reason]) => reason.startsWith('development'))) {
      const found = locked.filter(({ name }) => pattern.test(name))
      assert.ok(found.length > 0, `${pattern} is excepted for nothing`)
      for (const { name, dev } of found) assert.ok(dev, `${name}: ${why}`)
    }
  })

  test('are not taken when nobody allowed their licence', () => {
    for (const expression of ['GPL-3.0-only', 'SEE LICENSE IN LICENSE', 'MIT AND GPL-2.0-only', 'CC-BY-NC-4.0'])
      assert.ok(!isAllowed(expression, []), expression)
  })
})
