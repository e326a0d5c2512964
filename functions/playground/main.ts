/** `node functions/playground/main.ts FOLDER`: the page, built into a folder. The API's bundle takes it along. */
import { buildPage } from './build.ts'
import { writePage } from './read-page.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('usage: main.ts FOLDER')
await writePage(folder, await buildPage())
