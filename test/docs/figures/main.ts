/**
 * `npm run figures [-- --search]`: draws the figures of docs/ and writes the paragraphs that tell their numbers, from the runs
 * kept in docs/figures. With `--search` the runs that were kept from another version of the pack are made anew first, and all
 * pictures (a minute or two): to be done, and committed, whenever the pack changes.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { openBench } from '../../bench/search-run.ts'
import { drawPictures } from './draw-pictures.ts'
import { FIGURES } from './figures.ts'
import { IMAGES_FOLDER, readKept } from './kept-runs.ts'
import { keepRuns } from './make-runs.ts'
import { writeTold } from './told.ts'

const { values } = parseArgs({ options: { search: { type: 'boolean', default: false } } })

await mkdir(IMAGES_FOLDER, { recursive: true })
if (values.search) {
  const bench = await openBench()
  try {
    await keepRuns(bench)
    for (const [name, drawing] of Object.entries(await drawPictures(bench.model)))
      await writeFile(new URL(name, IMAGES_FOLDER), drawing)
  } finally {
    await bench.model.close()
  }
}
const kept = await readKept()
for (const [name, draw] of Object.entries(FIGURES)) await writeFile(new URL(name, IMAGES_FOLDER), draw(kept))
await writeTold(kept)
console.log(`${Object.keys(FIGURES).length} figures from pack ${kept.pack.name} ${kept.pack.version}`)
