/** Every figure that is drawn from the kept runs: file name -> drawing. The same runs give the same bytes. */
import { drawClimbs, drawInterpolants } from './draw-lines.ts'
import { drawMoney } from './draw-money.ts'
import { drawRollover } from './draw-rollover.ts'
import { ASKED, type Kept, sourceOf } from './kept-runs.ts'
import { busiest, type Round, roundsOf } from './rounds.ts'

const ROUNDS_SHOWN = 12

/** The rounds that docs/rollover.md shows and tells. */
export const shownRounds = ({ traces }: Kept): readonly Round[] => busiest(roundsOf(traces.rollover, 0), ROUNDS_SHOWN)

/** The lane of the authors' loop in which more rolls over. */
export const shownPaperSteps = ({ traces }: Kept): readonly Round[] => {
  const [first = [], second = []] = [0, 1].map((lane) => roundsOf(traces.paper, lane))
  const rolled = (rounds: readonly Round[]) => rounds.reduce((sum, { rolledOut }) => sum + rolledOut, 0)
  return (rolled(second) > rolled(first) ? second : first).slice(1)
}

/** A credit that makes the bars easy to see: two and a half times the hold. */
const creditFor = (held: number): number => held * 2.5

export const FIGURES: Readonly<Record<string, (kept: Kept) => string>> = {
  'rollover.svg': (kept) =>
    drawRollover(shownRounds(kept), {
      title: 'rbf: what a round does not need rolls over to the next',
      source: sourceOf(kept, ASKED.rollover),
      bar: 'best finished image so far',
      unit: 'round',
    }),
  'rollover-paper.svg': (kept) =>
    drawRollover(shownPaperSteps(kept), {
      title: 'The published loop: quotas of the steps of one lane',
      source: sourceOf(kept, ASKED.paper),
      bar: 'best estimate so far',
      unit: 'step',
    }),
  'climb.svg': (kept) =>
    drawClimbs(
      (['best-of-n', 'rbf', 'adaptive'] as const).map((name) => ({
        name,
        trace: kept.traces[name],
        nfe: kept.runs[name]?.nfe_used ?? 0,
      })),
      {
        title: 'Best finished image against NFEs, one prompt',
        source: sourceOf(kept, ASKED.rbf).replace(/^rbf, /, ''),
      },
    ),
  'money.svg': (kept) =>
    drawMoney({
      credit: creditFor(ASKED.adaptive.nfe),
      held: ASKED.adaptive.nfe,
      used: kept.runs.adaptive?.nfe_used ?? 0,
      price: kept.pack.price_micro_usd_per_nfe,
      source: sourceOf(kept, ASKED.adaptive),
    }),
  'interpolants.svg': drawInterpolants,
}
