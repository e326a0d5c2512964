/** What is asked for, as the form holds it: a draft for each pack, and the request that one makes. */
import { useState } from 'preact/hooks'
import type { NewGeneration, PackView } from '../../../shared/client/client.ts'
import type { OutputFormat } from '../../../shared/contract/output.ts'
import type { SearchName } from '../../../shared/contract/search-names.ts'
import { fillForm } from '../../../shared/domain/prompt-form.ts'

export interface Asked {
  /** Name of the pack; empty while none is known. */
  readonly pack: string
  readonly prompt: string
  readonly budget: number
  readonly search: SearchName
  /** Names of the reward and the format; empty is the pack's own choice. */
  readonly reward: string
  readonly format: OutputFormat | ''
  /** As typed; empty is none. */
  readonly target: string
  readonly seed: string
}

const FIRST_BUDGET = 300

/** A prompt that the pack takes, where it says one: its first example, or its form with the first choice in each place. */
const firstPrompt = ({ examples, prompt_form }: PackView): string =>
  examples[0] ?? (prompt_form === null ? '' : fillForm(prompt_form))

export const firstAsked = (pack?: PackView): Asked => ({
  pack: pack?.name ?? '',
  prompt: pack === undefined ? '' : firstPrompt(pack),
  budget: Math.min(FIRST_BUDGET, pack?.nfe_cap ?? FIRST_BUDGET),
  search: 'rbf',
  reward: '',
  format: '',
  target: '',
  seed: '',
})

export const requestOf = ({ pack, prompt, budget, search, reward, format, target, seed }: Asked): NewGeneration => ({
  prompt,
  nfe_budget: budget,
  search,
  previews: true,
  ...(pack !== '' && { pack }),
  ...(reward !== '' && { reward }),
  ...(format !== '' && { format }),
  ...(target !== '' && { target_reward: Number(target) }),
  ...(seed !== '' && { seed: Number(seed) }),
})

/** Whether there is anything to ask for. */
export const isAsked = ({ prompt }: Pick<Asked, 'prompt'>): boolean => prompt.trim() !== ''

export interface Drafts {
  readonly asked: Asked
  /** The pack that is asked; undefined until the packs are known. */
  readonly pack: PackView | undefined
  onAsk(asked: Asked): void
  /** Goes to the draft of another pack. */
  onPack(name: string): void
}

/** Whoever goes from pack to pack finds each draft as they left it. @param packs undefined until they are known. */
export const useDrafts = (packs: readonly PackView[] | undefined): Drafts => {
  const [drafts, setDrafts] = useState<Readonly<Record<string, Asked>>>({})
  const [chosen, setChosen] = useState('')
  const pack = packs?.find(({ name }) => name === chosen) ?? packs?.[0]
  const name = pack?.name ?? ''
  // What was written before the packs were known is for the first of them.
  const early = chosen === '' ? drafts[''] : undefined
  const asked = drafts[name] ?? (early === undefined ? firstAsked(pack) : { ...early, pack: name })
  return {
    asked,
    pack,
    onAsk: (next) => {
      setDrafts((before) => ({ ...before, [next.pack]: next }))
      setChosen(next.pack)
    },
    onPack: setChosen,
  }
}
