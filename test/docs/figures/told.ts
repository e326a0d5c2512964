/** Paragraphs that are written from a kept run or a table of the code: they stand between two marks in a document. */
import { readFile, writeFile } from 'node:fs/promises'
import { PROBLEMS } from '../../../shared/contract/problem.ts'
import { climbOf } from './draw-lines.ts'
import { shownPaperSteps, shownRounds } from './figures.ts'
import { ASKED, type Kept } from './kept-runs.ts'
import { type Round, roundsOf } from './rounds.ts'

const DOCS = new URL('../../../docs/', import.meta.url)

/** Document -> mark -> Markdown. */
export const TOLD: Readonly<Record<string, Readonly<Record<string, (kept: Kept) => string>>>> = {
  'rollover.md': { rounds: tellRounds, run: tellRun, paper: tellPaper },
  'concepts.md': { climb: tellClimb, money: tellMoney },
  'api.md': { problems: tellProblems },
}

const marked = (mark: string): RegExp => new RegExp(`(<!-- figures: ${mark} -->\\n)[\\s\\S]*?(<!-- end -->)`)

/** A document with its marked paragraphs written anew. Throws when a mark is not there. */
export const retold = (text: string, document: string, kept: Kept): string =>
  Object.entries(TOLD[document] ?? {}).reduce((told, [mark, tell]) => {
    if (!marked(mark).test(told)) throw new Error(`docs/${document} has no mark "figures: ${mark}"`)
    return told.replace(marked(mark), (_, before, end) => `${before}\n${tell(kept)}\n\n${end}`)
  }, text)

export const readTold = (document: string): Promise<string> => readFile(new URL(document, DOCS), 'utf8')

export const writeTold = async (kept: Kept): Promise<void> => {
  for (const document of Object.keys(TOLD))
    await writeFile(new URL(document, DOCS), retold(await readTold(document), document, kept))
}

/** As it is read: no minus zero. */
const reward = (value: number): string => value.toFixed(2).replace(/^-(0\.00)$/, '$1')
const ORDINALS = ['no', 'first', 'second', 'third', 'fourth', 'fifth', 'sixth']
const nfes = (count: number): string => `${count} ${count === 1 ? 'NFE' : 'NFEs'}`

function tellRounds(kept: Kept): string {
  const rounds = shownRounds(kept)
  const rows = rounds.map(({ step, quota, rolledIn, candidates, rolledOut, bar, ending }) => {
    const share = rolledIn === 0 ? String(quota) : `${quota - rolledIn} + ${rolledIn}`
    const end = ending === undefined ? reward(Math.max(...candidates)) : reward(ending)
    const cells = [
      step,
      reward(bar),
      share,
      candidates.length,
      candidates.map((each) => reward(each)).join(', '),
      rolledOut,
      end,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| round | best before | quota | drawn | rewards of the candidates | rolls over | ends at |',
    '| ---: | ---: | ---: | ---: | --- | ---: | ---: |',
    ...rows,
    '',
    ...tellOne(rounds),
  ].join('\n')
}

/** The first round of the figure that hands something on, and the one that takes it. */
function tellOne(rounds: readonly Round[]): string[] {
  const index = rounds.findIndex(({ rolledOut }, at) => rolledOut > 0 && at < rounds.length - 1)
  const [giver, taker] = [rounds[index], rounds[index + 1]]
  if (giver === undefined || taker === undefined) return ['In this run nothing rolled over.']
  const drawn = giver.candidates.length
  const met = taker.candidates.some((each) => each > taker.bar)
  return [
    `Round ${giver.step} may draw ${giver.quota} candidates. Its ${ORDINALS[drawn] ?? `${drawn}th`} scores ${reward(giver.candidates.at(-1) ?? 0)}, above the best so far (${reward(giver.bar)}),`,
    `and the round draws no more: ${nfes(giver.rolledOut)} of its quota ${giver.rolledOut === 1 ? 'rolls' : 'roll'} over. Round ${taker.step} has ${taker.quota - taker.rolledIn} of its own and ${taker.rolledIn === 1 ? 'this one' : `these ${taker.rolledIn}`}, ${taker.quota} in all, and`,
    met
      ? `finds a better one with its ${ORDINALS[taker.candidates.length] ?? `${taker.candidates.length}th`}${taker.rolledOut > 0 ? `: ${taker.rolledOut} roll on` : ''}.`
      : `needs all of them: none scores above ${reward(taker.bar)}, so the best of the ${taker.candidates.length} is taken.`,
  ]
}

function tellRun(kept: Kept): string {
  const rounds = roundsOf(kept.traces.rollover, 0)
  const giving = rounds.filter(({ rolledOut }) => rolledOut > 0)
  const rolled = giving.reduce((sum, { rolledOut }) => sum + rolledOut, 0)
  const most = rounds.reduce((a, b) => (b.quota > a.quota ? b : a), rounds[0] as Round)
  const { prompt, seed, nfe } = ASKED.rollover
  const run = kept.runs.rollover
  return [
    `The run: "${prompt}", seed ${seed}, ${nfe} NFEs, pack ${kept.pack.name} ${kept.pack.version}. It has ${rounds.length} rounds; ${giving.length} of them ended early and`,
    `handed on ${nfes(rolled)}, and the largest quota was ${most.quota}, in round ${most.step}. It ended at a reward of ${reward(run?.reward ?? 0)}${run?.exact ? ', every thing found as often as asked' : ''}.`,
    `Its trace has the SHA-256 \`${run?.trace_sha256.slice(0, 16)}...\`: [docs/figures/rollover.jsonl](figures/rollover.jsonl).`,
  ].join('\n')
}

function tellPaper(kept: Kept): string {
  const steps = shownPaperSteps(kept)
  const giving = steps.filter(({ rolledOut }) => rolledOut > 0)
  const { nfe, prompt } = ASKED.paper
  const rolled = giving.map(
    ({ step, candidates, quota, rolledOut }) =>
      `step ${step} drew ${candidates.length} of ${quota} and handed on ${rolledOut}`,
  )
  return [
    `Here with ${nfe} NFEs on "${prompt}": ${steps.length} steps of one lane after its initial noises, with ${steps[0]?.quota ?? 0} NFEs each before rollover.`,
    giving.length === 0
      ? 'No step of this run ended early.'
      : `${rolled.join('; ').replace(/^./, (first) => first.toUpperCase())}.`,
  ].join('\n')
}

function tellClimb(kept: Kept): string {
  const rows = (['best-of-n', 'rbf', 'adaptive'] as const).map((name) => {
    const climb = climbOf(kept.traces[name])
    const at = (nfe: number) => climb.findLast(([used]) => used <= nfe)?.[1]
    const cells = [100, 200, 400].map((nfe) => (at(nfe) === undefined ? '-' : reward(at(nfe) ?? 0)))
    return `| \`${name}\` | ${cells.join(' | ')} | ${kept.runs[name]?.nfe_used} |`
  })
  return [
    '| search | after 100 NFEs | after 200 | after 400 | NFEs used |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n')
}

function tellMoney(kept: Kept): string {
  const { nfe } = ASKED.adaptive
  const used = kept.runs.adaptive?.nfe_used ?? 0
  const price = kept.pack.price_micro_usd_per_nfe
  const dollars = (count: number) => `$${((count * price) / 1e6).toFixed(4)}`
  return [
    `A request with a budget of ${nfe} NFEs is accepted: at ${price} micro-dollars an NFE, ${dollars(nfe)} are held. The search stops after ${used} NFEs;`,
    `${dollars(used)} are spent, and ${dollars(nfe - used)} are back in the balance.`,
  ].join('\n')
}

/** Every code there is, by its status. */
function tellProblems(): string {
  const statuses = [...new Set(Object.values(PROBLEMS).map(({ status }) => status))].toSorted((a, b) => a - b)
  const rows = statuses.map((status) => {
    const codes = Object.entries(PROBLEMS).filter(([, problem]) => problem.status === status)
    const shown = codes.map(([code, { retryable }]) => `\`${code}\`${retryable ? ' (retryable)' : ''}`)
    return `| ${status} | ${shown.join(', ')} |`
  })
  return ['| status | codes |', '| ---: | --- |', ...rows].join('\n')
}
