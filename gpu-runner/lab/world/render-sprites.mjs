// Renders sprites/*.png, 96 x 96, from Noto Emoji (Apache-2.0). Only needed to make them anew:
//   npm install --no-save @iconify-json/noto@1.2.9 @resvg/resvg-js@2.6.2 && node gpu-runner/lab/world/render-sprites.mjs
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'

const SIDE = 96
/** Class of the world -> icon of the set, where the names differ. */
const ICONS = {
  camel: 'two-hump-camel',
  apple: 'red-apple',
  cat: 'cat-face',
  dog: 'dog-face',
  fish: 'tropical-fish',
  flower: 'sunflower',
  tree: 'deciduous-tree',
  heart: 'red-heart',
  car: 'automobile',
  rabbit: 'rabbit-face',
}
const CLASSES =
  'balloon bear swan airplane camel apple cat dog fish flower tree star mushroom butterfly penguin heart banana car duck strawberry frog rocket rabbit turtle'

const set = JSON.parse(await readFile(createRequire(import.meta.url).resolve('@iconify-json/noto/icons.json'), 'utf8'))
for (const name of CLASSES.split(' ')) {
  const icon = set.icons[ICONS[name] ?? name]
  const [width, height] = [icon.width ?? set.width ?? 128, icon.height ?? set.height ?? 128]
  const box = `${icon.left ?? 0} ${icon.top ?? 0} ${width} ${height}`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${box}" width="${SIDE}" height="${SIDE}">${icon.body}</svg>`
  const png = new Resvg(svg, { fitTo: { mode: 'width', value: SIDE } }).render().asPng()
  await writeFile(new URL(`sprites/${name}.png`, import.meta.url), png)
}
