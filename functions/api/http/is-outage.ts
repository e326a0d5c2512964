/** Whether an error says that a service behind the API did not answer, or could not: then the same request may succeed soon. */

const CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
])
const NAMES: ReadonlySet<string> = new Set([
  'TimeoutError',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
])

/** The AWS SDK has tried again by itself before it throws. */
export const isOutage = (error: unknown): boolean => {
  if (typeof error !== 'object' || error === null) return false
  const { code, name, $fault, cause } = error as { code?: unknown; name?: unknown; $fault?: unknown; cause?: unknown }
  return CODES.has(String(code)) || NAMES.has(String(name)) || $fault === 'server' || isOutage(cause)
}
