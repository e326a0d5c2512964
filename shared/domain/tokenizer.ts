/** A pack's tokenizer.json (Hugging Face format) read once; the edge checks prompts by it and the runner encodes by it. */
import { Tokenizer } from '@huggingface/tokenizers'
import type { PromptTokenizer } from './prompt.ts'

export interface PackTokenizer extends PromptTokenizer {
  /** Ids of the prompt, cut or padded to `length`. Unknown words become the unknown token. */
  encode(text: string, length: number): bigint[]
}

/** @param json the parsed tokenizer.json. Throws when it is not one. */
export const createTokenizer = (json: object): PackTokenizer => {
  const tokenizer = new Tokenizer(json, {})
  const { model, padding } = json as { model?: { unk_token?: string }; padding?: { pad_id?: number } | null }
  const unknownToken = model?.unk_token
  const unknown = unknownToken === undefined ? undefined : tokenizer.token_to_id(unknownToken)
  const pad = padding?.pad_id ?? 0
  const idOf = (token: string): number => {
    const id = tokenizer.token_to_id(token) ?? unknown
    if (id === undefined) throw new Error(`the tokenizer has no id for ${JSON.stringify(token)} and no unknown token`)
    return id
  }
  return {
    tokenize: (text) => tokenizer.tokenize(text),
    knows: (token) => tokenizer.token_to_id(token) !== undefined && token !== unknownToken,
    encode: (text, length) => {
      // By token, not by Tokenizer.encode: that one gives undefined for an unknown word, and neither cuts nor pads.
      const ids = tokenizer.tokenize(text).slice(0, length).map(idOf)
      return [...ids, ...Array<number>(length - ids.length).fill(pad)].map(BigInt)
    },
  }
}
