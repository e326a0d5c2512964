/** POST /v1/account/webhook-secret/rotate: a new secret for the URLs that requests name. */
import { createRoute } from '@hono/zod-openapi'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { accountSecretSchema, rotationSchema } from '../../../shared/contract/webhook.ts'
import { encodeWebhookSecret } from '../../../shared/domain/webhook-signature.ts'
import { rotateAccountSecret } from '../../../shared/stores/account-webhook-secret.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, jsonBody, problems } from '../route.ts'

const SECRET_BYTES = 32

export const addRotateAccountSecret = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/account/webhook-secret/rotate',
    operationId: 'rotateWebhookSecret',
    summary: 'New secret for the webhook_url of requests; the former one signs beside it for an overlap',
    security: apiKeySecurity,
    tags: ['Webhooks'],
    request: { body: { ...jsonBody(rotationSchema), required: false } },
    responses: { 200: json(accountSecretSchema, 'The new secret, shown here only'), ...problems },
  })
  app.openapi(route, async (context) => {
    const { overlap_seconds: overlap } = rotationSchema.parse(context.req.valid('json') ?? {})
    const draw = context.get('draw')
    const secret = encodeWebhookSecret(draw.bytes(SECRET_BYTES))
    const account = await rotateAccountSecret(api.table, {
      accountId: context.get('accountId'),
      secret,
      overlapUntil: draw.at + overlap * 1000,
      now: draw.at,
    })
    if (account === undefined) throw new ProblemError('not_found', 'The account no longer exists.')
    const ends = (account.former_webhook_secrets ?? []).map(({ expires_at }) => expires_at)
    const former_until = ends.length === 0 ? null : new Date(Math.max(...ends)).toISOString()
    return context.json({ secret, former_until }, 200)
  })
}
