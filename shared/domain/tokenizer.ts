/** A pack's tokenizer.json (Hugging Face format) read once; the edge checks prompts by it and the runner encodes by it. */
import { Tokenizer } from '@huggingface/tokenizers'
import type { PackManifest, PromptTokens } from '../contract/pack.ts'
import type { PromptTokenizer } from './prompt.ts'

export interface PackTokenizer extends PromptTokenizer {
  /** Ids of the text between its special tokens; a text that is too long loses its end, never a special token. */
  ids(text: string, length: number): number[]
  /** `ids`, padded to `length`. Unknown words become the unknown token. */
  encode(text: string, length: number, padId?: number): bigint[]
}

interface TokenizerJson {
  readonly model?: { readonly unk_token?: string | null; readonly unk_id?: number | null }
  readonly padding?: { readonly pad_id?: number } | null
}

/** One input of the encoder, [max_length] each. */
export interface EncodedPrompt {
  readonly ids: bigint[]
  /** 1 where the id is no padding. */
  readonly mask: bigint[]
}

/** @param json the parsed tokenizer.json. Throws when it is not one. */
export const createTokenizer = (json: object): PackTokenizer => {
  const tokenizer = new Tokenizer(json, {})
  const { model, padding } = json as TokenizerJson
  // Unigram models name the unknown word by its id, all others by its token.
  const unknown = model?.unk_id ?? (model?.unk_token == null ? undefined : tokenizer.token_to_id(model.unk_token))
  const knownId = (token: string): number | undefined => {
    const id = tokenizer.token_to_id(token)
    return id === unknown ? undefined : id
  }
  const pad = padding?.pad_id ?? 0
  const specials = tokenizer.encode('').tokens
  const idOf = (token: string): number => {
    const id = knownId(token) ?? unknown
    if (id === undefined) throw new Error(`the tokenizer has no id for ${JSON.stringify(token)} and no unknown token`)
    return id
  }
  // By token, not by Tokenizer.encode: that one gives undefined for an unknown word, and neither cuts nor pads.
  const ids = (text: string, length: number): number[] => {
    const tokens = tokenizer.tokenize(text)
    const before = tokens.length === 0 ? specials.length : placeOf(tokens, tokenizer.encode(text).tokens)
    const room = Math.max(0, length - specials.length)
    return [...specials.slice(0, before), ...tokens.slice(0, room), ...specials.slice(before)]
      .slice(0, length)
      .map(idOf)
  }
  return {
    tokenize: (text) => tokenizer.tokenize(text),
    knows: (token) => knownId(token) !== undefined,
    room: (length) => length - specials.length,
    ids,
    encode: (text, length, padId = pad) => {
      const found = ids(text, length)
      return [...found, ...Array<number>(length - found.length).fill(padId)].map(BigInt)
    },
  }
}

/** Where the tokens of a text stand among those of its framed form: the number of special tokens before it. */
const placeOf = (tokens: readonly string[], framed: readonly string[]): number => {
  const places = Array.from({ length: framed.length - tokens.length + 1 }, (_, at) => at)
  return places.find((at) => tokens.every((token, index) => framed[at + index] === token)) ?? 0
}

/** The prompt as one of the pack's tokenizers makes it. */
export const encodePrompt = (tokenizer: PackTokenizer, tokens: PromptTokens, prompt: string): EncodedPrompt => {
  const text = tokens.prefix + (tokens.lowercase ? prompt.toLowerCase() : prompt)
  const used = tokenizer.ids(text, tokens.max_length).length
  return {
    ids: tokenizer.encode(text, tokens.max_length, tokens.pad_id),
    mask: Array.from({ length: tokens.max_length }, (_, at) => (at < used ? 1n : 0n)),
  }
}

/** The tokenizer that takes the longest prompt: what does not fit there is refused; shorter ones see the beginning, as trained. */
export const roomiestTokenizer = ({ tokenizers }: Pick<PackManifest, 'tokenizers'>): PromptTokens => {
  const [first, ...others] = Object.values(tokenizers)
  if (first === undefined) throw new RangeError('a pack has at least one tokenizer')
  return others.reduce((best, one) => (one.max_length > best.max_length ? one : best), first)
}
