import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plotPanels } from '../../bench/plot-panels.ts'

const line = (name: string, ys: readonly number[]) => ({ name, points: ys.map((y, at) => ({ x: 10 ** at, y })) })

test('equal factors are equally far apart, from the least to the greatest, above 0 as below', () => {
  const svg = plotPanels([{ title: 't', x: 'seconds', lines: [line('a', [0, 5, 10]), line('b', [-10, 0, 10])] }])
  const [a, b] = [...svg.matchAll(/points="([^"]+)"/g)].map(([, points]) => points)
  assert.equal(a, '60.0,140.0 210.0,90.0 360.0,40.0')
  assert.equal(b, '60.0,240.0 210.0,140.0 360.0,40.0')
})

test('a name has one colour in all panels, and stands below them once', () => {
  const panel = (names: readonly string[]) => ({ title: 't', x: 'x', lines: names.map((name) => line(name, [1, 2])) })
  const svg = plotPanels([panel(['a', 'b']), panel(['b'])])
  const [ofA, first, second] = [...svg.matchAll(/<polyline[^>]+stroke="([^"]+)"/g)].map(([, stroke]) => stroke)
  assert.equal(first, second)
  assert.notEqual(ofA, first)
  assert.equal([...svg.matchAll(/>b<\/text>/g)].length, 1)
})
