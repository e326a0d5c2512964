/** A prompt as the inputs of the encoder: `<name>_ids`, and `<name>_mask` where it wants one, of each tokenizer. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import { encodePrompt, type PackTokenizer } from '../../shared/domain/tokenizer.ts'
import type { Port } from './graph-signature.ts'

/** Tensors [max_length] of the encoder by name. */
export type EncodeInputs = Readonly<Record<string, BigInt64Array>>

export const encodePorts = ({ tokenizers }: Pick<PackManifest, 'tokenizers'>): readonly Port[] =>
  Object.entries(tokenizers).flatMap(([name, { max_length, mask }]) =>
    (mask ? ['ids', 'mask'] : ['ids']).map((what) => ({ name: `${name}_${what}`, type: 'int64', shape: [max_length] })),
  )

/** @param opened tokenizers by file. Throws RangeError when one is not open. */
export const encodeInputs = (
  { tokenizers }: Pick<PackManifest, 'tokenizers'>,
  opened: ReadonlyMap<string, PackTokenizer>,
  prompt: string,
): EncodeInputs =>
  Object.fromEntries(
    Object.entries(tokenizers).flatMap(([name, tokens]) => {
      const tokenizer = opened.get(tokens.file)
      if (tokenizer === undefined) throw new RangeError(`the tokenizer ${tokens.file} is not open`)
      const { ids, mask } = encodePrompt(tokenizer, tokens, prompt)
      const masked = tokens.mask ? [[`${name}_mask`, BigInt64Array.from(mask)] as const] : []
      return [[`${name}_ids`, BigInt64Array.from(ids)] as const, ...masked]
    }),
  )
