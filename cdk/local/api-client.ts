/** The calls that the demo and the local start make to the edge, over HTTP like anybody's. */
import { z } from 'zod'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { problemSchema } from '../../shared/contract/problem.ts'

const openedAccountSchema = z.looseObject({
  api_key: z.string(),
  webhook_secret: z.string(),
  account: z.looseObject({ id: z.string() }),
})

export type OpenedAccount = z.infer<typeof openedAccountSchema>

/** Opens an account. Rejects with a sentence when the edge refuses. */
export const openAccount = async (
  url: string,
  account: { adminKey: string; name: string; creditMicroUsd: number },
): Promise<OpenedAccount> => {
  const body = { name: account.name, credit_micro_usd: account.creditMicroUsd }
  return openedAccountSchema.parse(await send(`${url}/v1/admin/accounts`, account.adminKey, body))
}

/** Posts a generation. Rejects with the problem's sentence when the edge refuses. */
export const createGeneration = async (url: string, apiKey: string, request: object): Promise<Generation> =>
  generationSchema.parse(await send(`${url}/v1/generations`, apiKey, request))

export const getGeneration = async (url: string, apiKey: string, id: string): Promise<Generation> =>
  generationSchema.parse(await send(`${url}/v1/generations/${id}`, apiKey))

const send = async (url: string, key: string, body?: object): Promise<unknown> => {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  const answer: unknown = await response.json()
  if (response.ok) return answer
  const problem = problemSchema.safeParse(answer)
  throw new Error(problem.success ? problem.data.detail : `${url} answered ${response.status}`)
}
