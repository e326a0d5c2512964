/** One run as it stands: the image, what was asked and found, and where the money is. */
import { useState } from 'preact/hooks'
import type { Generation } from '../../../shared/client/client.ts'
import { formatCount, formatMoney, formatReward } from './format.ts'
import { colorOf, Places } from './places.tsx'
import type { Run } from './run.ts'

const REASONS: Readonly<Record<NonNullable<Generation['stop_reason']>, string>> = {
  budget: 'the budget is spent',
  target_reward: 'the target was reached',
  deadline: 'the deadline came',
  canceled: 'canceled',
  converged: 'nothing better to be found',
}

export const bestOf = (run: Run): number | undefined =>
  run.generation?.result?.reward ?? run.progress.at(-1)?.best_reward ?? undefined

export const usedOf = (run: Run): number =>
  run.phase === 'ended' ? (run.generation?.usage.nfe_used ?? 0) : (run.progress.at(-1)?.nfe_used ?? 0)

/** What a screen reader is told as it changes, and a badge shows. */
export const statusOf = (run: Run): string => {
  const { generation } = run
  if (run.phase === 'sending') return 'Sending'
  if (run.phase === 'refused') return 'Refused'
  if (run.phase === 'queued') return 'Waiting for a runner'
  if (run.phase === 'running') return run.canceling ? 'Canceling' : 'Searching'
  if (generation === undefined) return ''
  const reason = generation.stop_reason === null ? '' : `: ${REASONS[generation.stop_reason]}`
  const status = `${generation.status[0]?.toUpperCase()}${generation.status.slice(1)}`
  return reason === ': canceled' ? status : `${status}${reason}`
}

export const RunImage = ({ run }: { run: Run }) => {
  const source = run.image ?? run.preview
  const best = bestOf(run)
  const last = run.progress.at(-1)
  const [marked, setMarked] = useState(true)
  const share = run.phase === 'ended' ? 1 : usedOf(run) / run.request.nfe_budget
  return (
    <figure class={`picture ${run.image === undefined ? 'rough' : ''}`}>
      <div class="canvas">
        {source === undefined ? (
          <div class={run.phase === 'ended' || run.phase === 'refused' ? 'blank' : 'blank waiting'}>
            {run.phase === 'ended' ? 'Nothing was evaluated.' : run.phase === 'refused' ? 'Nothing was made.' : ''}
          </div>
        ) : (
          <img src={source} alt={run.image === undefined ? 'The best so far' : `Result for: ${run.request.prompt}`} />
        )}
        {marked && run.places && <Places places={run.places} names={namesOf(run)} />}
        {run.phase === 'running' && <progress max={1} value={share} aria-label="Share of the budget that is spent" />}
      </div>
      <figcaption>
        <span class={`badge ${run.generation?.status === 'succeeded' ? 'good' : ''}`} role="status">
          {statusOf(run)}
        </span>
        <span>
          reward <b>{formatReward(best)}</b>
        </span>
        {run.phase === 'running' && last !== undefined && (
          <span>
            step {last.step}/{last.steps}
          </span>
        )}
        {run.places && (
          <label class="inline-check">
            <input type="checkbox" checked={marked} onChange={() => setMarked(!marked)} /> what the reward sees
          </label>
        )}
      </figcaption>
    </figure>
  )
}

/** Of the reward, or of the part of it that counts. */
const countsAsked = (reward: Generation['reward'] | undefined): Readonly<Record<string, number>> | undefined => {
  if (reward === undefined) return undefined
  const parts = 'parts' in reward ? reward.parts.map((part) => part.reward) : [reward]
  return parts.map((part) => ('counts' in part ? part.counts : undefined)).find((counts) => counts !== undefined)
}

/** Classes that were asked for, then those that were found beside them. */
const namesOf = ({ generation }: Run): readonly string[] => [
  ...new Set([
    ...Object.keys(countsAsked(generation?.reward) ?? {}),
    ...Object.keys(generation?.result?.counts?.found ?? {}),
  ]),
]

export const Counts = ({ run }: { run: Run }) => {
  const asked = countsAsked(run.generation?.reward)
  const found = run.generation?.result?.counts?.found
  if (asked === undefined) return null
  const names = namesOf(run)
  return (
    <div>
      <table class="counts">
        <caption>Asked and found</caption>
        <thead>
          <tr>
            <th scope="col">Thing</th>
            <th scope="col">Asked</th>
            <th scope="col">Found</th>
            <th scope="col">
              <span class="hidden">Match</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const match = found !== undefined && (found[name] ?? 0) === (asked[name] ?? 0)
            return (
              <tr key={name}>
                <th scope="row">
                  {run.places && <i class={`swatch series-${colorOf(name, names)}`} />} {name}
                </th>
                <td>{asked[name] ?? 0}</td>
                <td>{found === undefined ? '…' : (found[name] ?? 0)}</td>
                <td class={found === undefined ? '' : match ? 'yes' : 'no'}>
                  {found === undefined ? '' : match ? '✓' : '✗'}
                  <span class="hidden">{found === undefined ? 'not known yet' : match ? 'right' : 'wrong'}</span>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {found !== undefined && run.places === undefined && (
        <p class="hint">The reward of this pack counts things and does not say where they are.</p>
      )}
    </div>
  )
}

/** Held, used, refunded: one bar that always has the length of the hold. */
export const Money = ({ run }: { run: Run }) => {
  const usage = run.generation?.usage
  if (usage === undefined) return null
  const used = usedOf(run)
  const refunded = usage.nfe_refunded
  const held = run.phase === 'ended' ? 0 : Math.max(0, usage.nfe_held - used)
  const price = usage.price_micro_usd_per_nfe
  const parts = [
    { name: 'used', nfe: used },
    { name: 'held', nfe: held },
    { name: 'refunded', nfe: refunded },
  ]
  return (
    <div class="money">
      <div class="bar" aria-hidden="true">
        {parts.map(({ name, nfe }) => (
          <i key={name} class={name} style={{ flexGrow: nfe }} />
        ))}
      </div>
      <dl>
        {parts.map(({ name, nfe }) => (
          <div key={name}>
            <dt>
              <i class={`swatch ${name}`} /> {name}
            </dt>
            <dd>
              <b>{formatCount(nfe)}</b> NFEs{price !== undefined && <span>{formatMoney(nfe * price)}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  )
}
