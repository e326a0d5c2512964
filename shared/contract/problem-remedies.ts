/** What each problem means and what to do about it: the text of its page. A code without a line here does not compile. */
import type { ProblemCode } from './problem.ts'

export const REMEDIES: Readonly<Record<ProblemCode, string>> = {
  invalid_header:
    'A header of the request cannot be read. For Idempotency-Key: 1 to 255 printable ASCII characters, quoted or bare.',
  malformed_json: 'The body could not be parsed as JSON. Nothing was looked at beyond that.',
  unauthorized:
    'The request has no key, a mistyped one (its checksum does not match), or one that was revoked, has expired or was rotated. Send "Authorization: Bearer rk_...".',
  insufficient_budget:
    'The balance is below what the budget may cost at most. `nfe_required` and `nfe_available` say by how much. Ask for less, or add credit: the same request will not succeed before.',
  key_cap_exceeded:
    "The key's own cap, for a request, a day or a month, is below what is asked. `scope` says which, `resets_at` when it begins anew. Ask for less, or have the cap raised.",
  forbidden: 'The key lacks the scope of this route, or may not use this pack. Ask for a key that may.',
  invalid_share:
    'The token of a shared link is taken whole or not at all. Ask whoever sent it to send it again, or to make another.',
  not_found:
    "There is nothing at this address for this account: it never was, was deleted, its retention is over, or it is another account's.",
  method_not_allowed: 'The path exists and takes other methods; the header Allow lists them.',
  key_revoked: 'The key was revoked, which is for good. Issue another one.',
  key_rotating: 'The key has two live secrets from a rotation already. Rotate again once the older one has ended.',
  month_open: 'A month is closed some time after its end. Ask again then; the usage of an open month is shown by day.',
  not_extendable:
    'Wait until the search has ended. One that failed, or evaluated nothing, or whose method has nothing left to do cannot go on: start another one.',
  already_ended: 'The generation had ended before this request came. Look at it: its status says how it ended.',
  endpoint_disabled: 'The webhook endpoint was turned off, by you or after failures. Turn it on again first.',
  delivery_in_progress: 'An attempt of this delivery is under way. Look at its log in a moment.',
  too_many_endpoints:
    'The account has as many webhook endpoints as it may. Delete one, or widen the filter of another.',
  not_ended: 'The generation is still queued or running. Cancel it, or wait for its end.',
  idempotency_in_progress:
    'The first request with this Idempotency-Key has not been answered yet. Send the same request again after Retry-After: the answer will be its answer.',
  share_expired:
    'Shared links show something for a time, and never what was deleted. Whoever made it can make another, while the generation is there.',
  payload_too_large: 'The body is larger than this route takes.',
  unsupported_media_type:
    'Send the body with the content type that the route takes: application/json, unless it says otherwise.',
  invalid_request:
    'The request does not fit the schema, or its parts do not fit together. `errors` names each place by a JSON Pointer.',
  content_refused:
    'The prompt asks for something that whoever runs this service has ruled out; `errors` says where and for which reason. Nothing was held or charged.',
  idempotency_key_reused:
    'An Idempotency-Key stands for one request for a day. This one came with another method, path or body before. Draw a new key for a new request.',
  rate_limited:
    'The account made more changing requests in this minute than it may. Wait for Retry-After; RateLimit on every answer says what is left.',
  too_many_generations: 'As many generations are open on the account as can be. Try again when some have ended.',
  internal:
    'We failed. The request can be sent again, best with the same Idempotency-Key; quote the `request_id` when you write to us.',
  overloaded:
    'So much waits already, of all accounts or of yours, that this generation would not begin within the time we answer for. `estimated_wait_seconds` says how long it would take. Nothing was held. Send the request again after Retry-After, or ask for less.',
  unavailable:
    'Something that we need did not answer in time. Send the request again after Retry-After, with the same Idempotency-Key: what was begun is taken up, never done or charged twice.',
}
