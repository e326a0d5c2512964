/**
 * `npm run bench:gallery [-- --nfe 500 --seed 7 --out docs/images/gallery.png]`: the first twelve held-out prompts, one
 * image each, none left out, as one picture of two rows.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { decode, encode } from 'fast-png'
import { HELD_OUT_PROMPTS, openBench, runOne } from './search-run.ts'

const COLUMNS = 6
const TILES = 12

const { values } = parseArgs({
  options: {
    nfe: { type: 'string', default: '500' },
    seed: { type: 'string', default: '7' },
    out: { type: 'string', default: 'docs/images/gallery.png' },
  },
})
const prompts = (await readFile(HELD_OUT_PROMPTS, 'utf8')).split('\n').filter(Boolean).slice(0, TILES)
const bench = await openBench()
const [height, width] = bench.model.manifest.resolution
const rows = Math.ceil(prompts.length / COLUMNS)
const picture = new Uint8Array(3 * width * COLUMNS * height * rows)

for (const [index, prompt] of prompts.entries()) {
  const { png, record } = await runOne(bench, {
    prompt,
    promptIndex: index,
    search: 'rbf',
    nfe: Number(values.nfe),
    seed: Number(values.seed),
  })
  const { data } = decode(png)
  const [left, top] = [(index % COLUMNS) * width, Math.floor(index / COLUMNS) * height]
  for (let y = 0; y < height; y++)
    picture.set(data.subarray(3 * width * y, 3 * width * (y + 1)), 3 * (width * COLUMNS * (top + y) + left))
  console.log(
    `${index + 1}. ${prompt}: reward ${record.reward.toFixed(2)}${record.heldOutExact ? ', exact by the judge' : ''}`,
  )
}
await bench.model.close()
await mkdir(dirname(values.out), { recursive: true })
await writeFile(
  values.out,
  encode({ width: width * COLUMNS, height: height * rows, data: picture, channels: 3, depth: 8 }),
)
