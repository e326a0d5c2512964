/** The deployment's content policy, as the runner asks it: the prompt before a search, each image before a client can have it. */
import type { ContentPolicy } from '../../shared/contract/content-policy.ts'
import { compileDenyList } from '../../shared/domain/deny-list.ts'
import { classify } from './classify.ts'

export interface ContentCheck {
  /** Why a prompt is not searched for; undefined when it is. Rejects when a classifier gave no verdict. */
  prompt(prompt: string): Promise<string | undefined>
  /** Why an image is held back; undefined when it is not. Rejects when a classifier gave no verdict. */
  image(image: { readonly bytes: Uint8Array; readonly contentType: string }): Promise<string | undefined>
}

export const createContentCheck = ({ prompt, image }: ContentPolicy): ContentCheck => {
  const denied = compileDenyList(prompt.deny)
  return {
    prompt: async (text) => {
      const reason = denied(text)
      if (reason !== undefined || prompt.classifier === undefined) return reason
      return classify(prompt.classifier, { kind: 'prompt', prompt: text })
    },
    image: async ({ bytes, contentType }) => {
      if (image.classifier === undefined) return undefined
      const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
      return classify(image.classifier, { kind: 'image', content_type: contentType, image: base64 })
    },
  }
}
