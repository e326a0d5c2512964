/** The form: pack, prompt, budget, and the settings that most leave alone. */
import { type PackView, RolloverError } from '../../../shared/client/client.ts'
import type { SearchName } from '../../../shared/contract/search-names.ts'
import type { Asked } from './asked.ts'
import { formatCount, formatMoney, formatReward, formatSeconds } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import { PromptField } from './prompt-field.tsx'
import { SEARCHES } from './searches.ts'
import type { Quoted } from './use-quote.ts'

const LEAST_BUDGET = 20

interface FormProps {
  readonly asked: Asked
  readonly onAsk: (asked: Asked) => void
  readonly packs: readonly PackView[]
  readonly pack: PackView | undefined
  readonly onPack: (name: string) => void
  readonly quoted: Quoted
  /** How many searches the price is for. */
  readonly times?: number
}

export const PromptForm = ({ asked, onAsk, packs, pack, onPack, quoted, times = 1 }: FormProps) => {
  const set = (part: Partial<Asked>) => onAsk({ ...asked, ...part })
  return (
    <>
      {packs.length > 1 && pack !== undefined && <PackField packs={packs} pack={pack} onPack={onPack} />}
      <PromptField prompt={asked.prompt} onPrompt={(prompt) => set({ prompt })} pack={pack} />
      {quoted.error instanceof RolloverError && quoted.error.status === 422 && <ProblemNote error={quoted.error} />}
      <div class="field">
        <div class="label-row">
          <label for="budget">Budget</label>
          <output for="budget">
            <b>{formatCount(asked.budget)}</b> NFEs
          </output>
        </div>
        <input
          id="budget"
          type="range"
          min={LEAST_BUDGET}
          max={Math.min(1000, pack?.nfe_cap ?? 1000)}
          step="10"
          value={asked.budget}
          onInput={(event) => set({ budget: Number(event.currentTarget.value) })}
        />
        <QuoteLine quoted={quoted} budget={asked.budget} times={times} />
      </div>
      <div class="field">
        <label for="target">Stop at reward</label>
        <input
          id="target"
          type="number"
          step="0.1"
          placeholder="none: spend the whole budget"
          value={asked.target}
          onInput={(event) => set({ target: event.currentTarget.value })}
        />
      </div>
    </>
  )
}

const PackField = ({
  packs,
  pack,
  onPack,
}: { packs: readonly PackView[]; pack: PackView } & Pick<FormProps, 'onPack'>) => (
  <div class="field">
    <label for="pack">Pack</label>
    <select id="pack" value={pack.name} onChange={(event) => onPack(event.currentTarget.value)}>
      {packs.map(({ name, output }) => (
        <option key={name} value={name}>
          {name}: {output.kind}s
        </option>
      ))}
    </select>
  </div>
)

export const SearchSettings = ({ asked, onAsk, pack }: Pick<FormProps, 'asked' | 'onAsk' | 'pack'>) => (
  <details class="settings">
    <summary>Search settings</summary>
    <div class="field">
      <label for="search">Search</label>
      <select
        id="search"
        value={asked.search}
        onChange={(event) => onAsk({ ...asked, search: event.currentTarget.value as SearchName })}
      >
        {(pack?.searches ?? [asked.search]).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <p class="hint">{SEARCHES[asked.search]}.</p>
    </div>
    <div class="field">
      <label for="reward">Reward</label>
      <select
        id="reward"
        value={asked.reward === '' ? pack?.default_reward : asked.reward}
        onChange={(event) => onAsk({ ...asked, reward: event.currentTarget.value })}
      >
        {(pack?.rewards ?? []).map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <p class="hint">{unitsOf(pack, asked.reward)}.</p>
    </div>
    <div class="field">
      <label for="format">Format</label>
      <select
        id="format"
        value={asked.format === '' ? pack?.output.formats[0] : asked.format}
        onChange={({ currentTarget: { value } }) =>
          onAsk({ ...asked, format: pack?.output.formats.find((name) => name === value) ?? '' })
        }
      >
        {(pack?.output.formats ?? []).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </div>
    <SeedField asked={asked} onAsk={onAsk} />
  </details>
)

const unitsOf = (pack: PackView | undefined, reward: string): string => {
  const name = reward === '' ? pack?.default_reward : reward
  return pack?.rewards.find((each) => each.name === name)?.units ?? 'What the search maximises'
}

export const SeedField = ({ asked, onAsk }: Pick<FormProps, 'asked' | 'onAsk'>) => (
  <div class="field">
    <label for="seed">Seed</label>
    <input
      id="seed"
      type="number"
      min="0"
      max="4294967295"
      placeholder="drawn for you, and shown"
      value={asked.seed}
      onInput={(event) => onAsk({ ...asked, seed: event.currentTarget.value })}
    />
  </div>
)

const QuoteLine = ({ quoted: { quote }, budget, times }: { quoted: Quoted; budget: number; times: number }) => {
  if (quote === undefined) return <p class="quote">At most …</p>
  const { expected } = quote
  return (
    <>
      {/* The budget as it is now, however long the next quote takes. */}
      <p class="quote">
        At most <b>{formatMoney(quote.price_micro_usd_per_nfe * budget * times)}</b>
        <span>
          {times > 1 ? `${times} searches, ` : ''}
          {formatMoney(quote.price_micro_usd_per_nfe * 1000)} a thousand
        </span>
      </p>
      {expected !== null && (
        <p class="hint">
          Your last {expected.samples} like it: {formatCount(expected.nfe_used)} NFEs,{' '}
          {formatSeconds(expected.duration_seconds)}, reward {formatReward(expected.reward)}
          {expected.exact_share === null ? '' : `, ${Math.round(expected.exact_share * 100)} % exact`}.
        </p>
      )}
      {!quote.covered && (
        <p class="note warn">
          The balance does not cover this. A smaller budget may fit; more credit comes from whoever runs this service.
        </p>
      )}
    </>
  )
}
