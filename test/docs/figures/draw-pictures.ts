/** The figures that show images: what is in x_t, what the reward sees, and what candidates have in common. */
import type { Model } from '../../../gpu-runner/engine/model.ts'
import { interpolantNamed } from '../../../gpu-runner/flow/interpolant.ts'
import { applyPair, denoisedPair } from '../../../gpu-runner/flow/prediction.ts'
import { latentOf } from '../../../gpu-runner/search/candidate.ts'
import { RBF_DEFAULTS } from '../../../gpu-runner/search/rbf.ts'
import { drawOf, startRound } from '../../../gpu-runner/search/repair.ts'
import { COLORS, image, svg, text } from './svg.ts'
import { beginPrompt, factsOf, type Seen, see, walkDown } from './walk.ts'

const PROMPT = 'three cats and two stars'
const SEED = 7
const SIDE = 96
const PITCH = SIDE + 8
const LEFT = 96
const SAMPLES = 5
const CANDIDATES = 4
const TIMES = [0.9, 0.7, 0.5]

/** File name -> drawing. Made with the pack that is open; about 80 NFEs. */
export const drawPictures = async (model: Model): Promise<Readonly<Record<string, string>>> => {
  const { name, version } = model.manifest
  const source = `"${PROMPT}", seed ${SEED}, pack ${name} ${version}`
  return {
    'denoised.svg': await drawDenoised(model, source),
    'reward.svg': await drawRewards(model, source),
    'candidates.svg': await drawCandidates(model, source),
  }
}

interface Row {
  readonly name: string
  readonly images: readonly { readonly seen: Seen; readonly words: readonly string[] }[]
}

/** Rows of images with words below each. */
const drawRows = (rows: readonly Row[], { title, source }: { title: string; source: string }): string => {
  const words = Math.max(...rows.flatMap(({ images }) => images.map((each) => each.words.length)))
  const rowHeight = SIDE + 14 + 14 * words
  const columns = Math.max(...rows.map(({ images }) => images.length))
  const [width, height] = [LEFT + PITCH * columns + 8, 40 + rowHeight * rows.length + 18]
  const shapes = rows.flatMap(({ name, images }, row) => {
    const y = 36 + rowHeight * row
    return [
      text([LEFT - 10, y + SIDE / 2], name, { anchor: 'end', bold: true }),
      ...images.flatMap(({ seen, words: below }, column) => [
        image([LEFT + PITCH * column, y], SIDE, seen.dataUrl),
        ...below.map((each, index) =>
          text([LEFT + PITCH * column + SIDE / 2, y + SIDE + 14 + 14 * index], each, { anchor: 'middle', size: 11 }),
        ),
      ]),
    ]
  })
  const below = text([width - 8, height - 6], source, { anchor: 'end', fill: COLORS.dim, size: 10 })
  return svg([width, height], title, [text([8, 22], title, { size: 14, bold: true }), ...shapes, below])
}

/** A number as it is read: no minus zero. */
const shown = (reward: number): string => reward.toFixed(2).replace(/^-(0\.00)$/, '$1')

const drawDenoised = async (model: Model, source: string): Promise<string> => {
  const evaluator = await beginPrompt(model, PROMPT)
  const stops = (await walkDown(evaluator, factsOf(model, SEED), 0)).filter(
    (_, index) => index % 2 === 0 || index === 9,
  )
  const noisy: Row['images'][number][] = []
  const denoised: Row['images'][number][] = []
  for (const stop of stops) {
    const estimate = await see(evaluator, stop.denoised)
    noisy.push({ seen: await see(evaluator, stop.latent), words: [`t = ${stop.t.toFixed(2)}`] })
    denoised.push({ seen: estimate, words: [`reward ${shown(estimate.reward)}`] })
  }
  await evaluator.end()
  const rows = [
    { name: 'x_t', images: noisy },
    { name: 'denoised', images: denoised },
  ]
  return drawRows(rows, { title: 'One walk of ten NFEs: the latent, and the image it is on the way to', source })
}

const drawRewards = async (model: Model, source: string): Promise<string> => {
  const evaluator = await beginPrompt(model, PROMPT)
  const samples: Seen[] = []
  for (let index = 0; index < SAMPLES; index++) {
    const stop = (await walkDown(evaluator, factsOf(model, SEED), index)).at(-1)
    if (stop !== undefined) samples.push(await see(evaluator, stop.denoised))
  }
  await evaluator.end()
  const images = samples
    .toSorted((a, b) => a.reward - b.reward)
    .map((seen) => ({ seen, words: [`reward ${shown(seen.reward)}`, ...foundOf(seen)] }))
  return drawRows([{ name: '', images }], {
    title: `Five samples of "${PROMPT}", as the count reward sees them`,
    source,
  })
}

/** What was found, two things a line, so that it stays below its image. */
const foundOf = ({ found }: Seen): string[] => {
  const things = Object.entries(found).map(([thing, count]) => `${count} ${thing}`)
  const lines = Array.from({ length: Math.ceil(things.length / 2) }, (_, i) =>
    things.slice(2 * i, 2 * i + 2).join(', '),
  )
  return lines.length <= 3 ? lines : [...lines.slice(0, 2), `and ${things.length - 4} more`]
}

const drawCandidates = async (model: Model, source: string): Promise<string> => {
  const evaluator = await beginPrompt(model, PROMPT)
  const facts = factsOf(model, SEED)
  const stops = await walkDown(evaluator, facts, 0)
  const [first, last] = [stops[0], stops.at(-1)]
  if (first === undefined || last === undefined) throw new Error('a walk without a stop')
  const finished = await see(evaluator, last.denoised)
  const origin = { clean: last.denoised, noise: first.latent, reward: finished.reward }
  const rows: Row[] = []
  for (const [step, t] of TIMES.entries()) {
    const { rho, steps } = RBF_DEFAULTS.repair.first
    const plan = { t, steps, rho, quota: CANDIDATES, acceptAbove: finished.reward }
    const round = startRound(facts, origin, { plan, lane: 0, step: step + 1 })
    const images = [{ seen: finished, words: [`reward ${shown(finished.reward)}`] }]
    for (let index = 0; index < CANDIDATES; index++) {
      const latent = latentOf(facts, { ...drawOf(round), index })
      const [evaluation] = await evaluator.evaluate([{ latent, t, wants: 'velocity' }])
      if (evaluation?.velocity === undefined) throw new Error('an evaluation lacks its velocity')
      const pair = denoisedPair(interpolantNamed(facts.native), t)
      const seen = await see(evaluator, applyPair(pair, latent, evaluation.velocity))
      images.push({ seen, words: [`reward ${shown(seen.reward)}`] })
    }
    rows.push({ name: `t = ${t}`, images })
  }
  await evaluator.end()
  return drawRows(rows, { title: 'A finished image, and four candidates with noise put back up to t', source })
}
