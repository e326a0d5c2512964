/** GET /: the page, with a policy under which only its own two files run and only this service is asked. */
import { createHash } from 'node:crypto'
import type { Hono } from 'hono'
import { compress } from 'hono/compress'
import type { Env } from 'hono/types'
import type { PageFiles } from './build.ts'

export interface ServePage {
  readonly files: PageFiles
  /** Any presigned link to an image or trace: the policy lets the page read from its origin. */
  readonly fileLink: () => Promise<string>
}

const TYPES: Readonly<Record<keyof PageFiles, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
}

/** No inline script or style, nothing from elsewhere; `blob:` and `data:` are images that the page itself made or was sent. */
export const pagePolicy = (filesOrigin: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' blob: data: ${filesOrigin}`,
    `connect-src 'self' ${filesOrigin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Adds `/`, `/playground/app.js` and `/playground/app.css`. */
export const servePage = <E extends Env>(app: Hono<E>, { files, fileLink }: ServePage): void => {
  let policy: string | undefined
  for (const name of Object.keys(TYPES) as (keyof PageFiles)[]) {
    const path = name === 'index.html' ? '/' : `/playground/${name}`
    const etag = `"${createHash('sha256').update(files[name]).digest('base64url').slice(0, 22)}"`
    app.get(path, compress(), async (context) => {
      policy ??= pagePolicy(new URL(await fileLink()).origin)
      context.header('content-security-policy', policy)
      context.header('x-content-type-options', 'nosniff')
      // Keys may have come in the fragment; addresses of the page tell nobody anything.
      context.header('referrer-policy', 'no-referrer')
      context.header('cache-control', 'no-cache')
      context.header('etag', etag)
      if (context.req.header('if-none-match')?.includes(etag.slice(1, -1))) return context.body(null, 304)
      context.header('content-type', TYPES[name])
      return context.body(files[name])
    })
  }
}
