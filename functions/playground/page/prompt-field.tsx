/** Where the prompt is written: as text, with the words that may follow, or place by place where the pack has one form. */
import type { PackView } from '../../../shared/client/client.ts'
import type { PromptForm } from '../../../shared/contract/pack.ts'
import { fillForm, partsOfForm, readForm } from '../../../shared/domain/prompt-form.ts'
import { completeWith, suggestWords } from './prompt-words.ts'

interface PromptProps {
  readonly prompt: string
  readonly onPrompt: (prompt: string) => void
  readonly pack: PackView | undefined
}

export const PromptField = ({ prompt, onPrompt, pack }: PromptProps) => {
  const form = pack?.prompt_form ?? undefined
  const read = form && readForm(prompt, form)
  return (
    <div class="field">
      {form !== undefined && read?.ok ? (
        <Places form={form} filling={read.filling} onPrompt={onPrompt} />
      ) : (
        <Written prompt={prompt} onPrompt={onPrompt} pack={pack} />
      )}
      {pack !== undefined && pack.examples.length > 0 && (
        <details class="templates">
          <summary>Start from an example</summary>
          <ul>
            {pack.examples.map((example) => (
              <li key={example}>
                <button type="button" class="link" onClick={() => onPrompt(example)}>
                  {example}
                </button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}

const Written = ({ prompt, onPrompt, pack }: PromptProps) => {
  const words = pack === undefined ? [] : suggestWords(prompt, pack.vocabulary)
  return (
    <>
      <label for="prompt">Prompt</label>
      <textarea
        id="prompt"
        rows={3}
        spellcheck={false}
        value={prompt}
        onInput={(event) => onPrompt(event.currentTarget.value)}
      />
      {words.length > 0 && (
        <fieldset class="chips">
          <legend class="hidden">Words the pack knows</legend>
          {words.map((word) => (
            <button
              key={word}
              type="button"
              onClick={() => pack !== undefined && onPrompt(completeWith(prompt, word, pack.vocabulary))}
            >
              {word}
            </button>
          ))}
        </fieldset>
      )}
    </>
  )
}

/** The form as a sentence whose places are chosen from: what cannot be said wrongly needs no refusal. */
const Places = (props: { form: PromptForm; filling: readonly string[]; onPrompt: (prompt: string) => void }) => {
  const { form, filling, onPrompt } = props
  return (
    <fieldset class="form-places">
      <legend>Prompt</legend>
      {placesOf(form).map(({ before, place, choices }, at) => (
        <label key={before + place}>
          <span>
            {before} <span class="hidden">{place}</span>
          </span>
          <select
            value={filling[at]}
            onChange={({ currentTarget: { value } }) => onPrompt(fillForm(form, filling.with(at, value)))}
          >
            {choices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        </label>
      ))}
    </fieldset>
  )
}

/** Each place with the words before it. */
const placesOf = (form: PromptForm) => {
  const places: { before: string; place: string; choices: readonly string[] }[] = []
  let before: string[] = []
  for (const part of partsOfForm(form)) {
    if ('words' in part) before.push(part.words)
    else {
      places.push({ before: before.join(' '), place: part.place, choices: part.choices })
      before = []
    }
  }
  return places
}
