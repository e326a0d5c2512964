/** How a generation ends that the deployment's content policy refuses: failed, with the reason, and nothing charged. */
import type { Ending } from '../../shared/stores/generations.ts'

const refused = (what: string, reason: string): Ending => ({
  status: 'failed',
  nfe_used: 0,
  error: { code: 'content_refused', detail: `${what} (${reason}). Nothing was charged.` },
})

export const promptRefused = (reason: string): Ending =>
  refused('The prompt asks for what this service does not make', reason)

export const imagesRefused = (reason: string): Ending =>
  refused('What the search found is not given out by this service', reason)
