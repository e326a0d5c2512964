/**
 * Runnable samples of an operation by curl, TypeScript and Python (`x-codeSamples`). They read the address, the key and ids
 * from the environment, so that they can be pasted as they are and a test can run every one.
 */
import { camel, type Method, singular } from './operation-id.ts'
import { TYPESCRIPT_CALLS } from './typescript-calls.ts'

export interface Sampled {
  readonly method: Method
  readonly path: string
  readonly operationId: string
  /** Example of the body: a string is sent as it is, under `contentType`. */
  readonly body?: unknown
  readonly contentType?: string | undefined
  /** It answers with a redirect to a file. */
  readonly redirects: boolean
  /** It is asked without a key. */
  readonly open: boolean
}

export interface CodeSample {
  readonly lang: string
  readonly label: string
  readonly source: string
}

export const codeSamples = (of: Sampled): CodeSample[] => [
  { lang: 'Shell', label: 'curl', source: curl(of) },
  ...typescript(of),
  { lang: 'Python', label: 'Python', source: python(of) },
]

const isAdmin = ({ path }: Sampled): boolean => path.startsWith('/v1/admin/')
const keyVariable = (of: Sampled): string => (isAdmin(of) ? 'ROLLOVER_ADMIN_KEY' : 'ROLLOVER_API_KEY')

/** Pieces of a path: what stands there, or the environment variable whose value does. */
const piecesOf = (path: string): { readonly text?: string; readonly variable?: string }[] => {
  const segments = path.split('/')
  return segments.slice(1).map((segment, at) => {
    const name = /^\{(.*)\}$/.exec(segment)?.[1]
    if (name === undefined) return { text: segment }
    if (name === 'n') return { text: '0' }
    if (name !== 'id') return { variable: name.toUpperCase() }
    return {
      variable: `${singular(segments[at] ?? '')
        .replaceAll('-', '_')
        .toUpperCase()}_ID`,
    }
  })
}

export const variablesOf = (path: string): string[] => piecesOf(path).flatMap(({ variable }) => variable ?? [])

const bodyText = ({ body }: Sampled): string => (typeof body === 'string' ? body : JSON.stringify(body, null, 2))

const curl = (of: Sampled): string => {
  const { method, body, contentType, redirects } = of
  const url = piecesOf(of.path).map(({ text, variable }) => text ?? `$${variable}`)
  const act = method === 'get' || (method === 'post' && body !== undefined) ? [] : [`-X ${method.toUpperCase()}`]
  const quoted = bodyText(of)?.replaceAll("'", `'\\''`)
  return [
    `curl -sS --fail-with-body${redirects ? ' -L -o file' : ''} "$ROLLOVER_URL/${url.join('/')}"`,
    ...act,
    ...(of.open ? [] : [`-H "authorization: Bearer $${keyVariable(of)}"`]),
    ...(body === undefined ? [] : [`-H 'content-type: ${contentType}'`, `--data-binary '${quoted}'`]),
  ].join(' \\\n  ')
}

const typescript = (of: Sampled): CodeSample[] => {
  const call = TYPESCRIPT_CALLS[of.operationId]
  if (call === undefined) return []
  const variables = variablesOf(of.path).map((name) => `${name}: ${camel(name.toLowerCase().split('_'))} = ''`)
  const key = of.open ? [] : [`${keyVariable(of)}: apiKey = ''`]
  const taken = [`ROLLOVER_URL: baseUrl = ''`, ...key, ...variables].join(', ')
  const { imported, made } = of.open
    ? { imported: /^\w+/.exec(call('')), made: '' }
    : isAdmin(of)
      ? { imported: 'rolloverAdmin', made: 'const admin = rolloverAdmin({ apiKey, baseUrl })\n' }
      : { imported: 'Rollover', made: 'const rollover = new Rollover({ apiKey, baseUrl })\n' }
  // Keys as a person writes them: prompt, not "prompt".
  const body = typeof of.body === 'string' ? of.body : JSON.stringify(of.body, null, 2)?.replace(/"(\w+)":/g, '$1:')
  const source = `import { env } from 'node:process'
import { ${imported} } from 'rollover'

const { ${taken} } = env
${made}console.log(await ${call(body ?? '')})`
  return [{ lang: 'TypeScript', label: 'TypeScript', source }]
}

const python = (of: Sampled): string => {
  const { method, body, contentType, redirects } = of
  const path = piecesOf(of.path).map(({ text, variable }) => text ?? `{os.environ['${variable}']}`)
  const data = typeof body === 'string' ? `${JSON.stringify(body)}.encode()` : `json.dumps(${literal(body)}).encode()`
  const lines = [
    `    f"{os.environ['ROLLOVER_URL']}/${path.join('/')}",`,
    ...(method === 'get' ? [] : [`    method="${method.toUpperCase()}",`]),
    ...(of.open
      ? []
      : [
          `    headers={"Authorization": f"Bearer {os.environ['${keyVariable(of)}']}"${body === undefined ? '' : `, "Content-Type": "${contentType}"`}},`,
        ]),
    ...(body === undefined ? [] : [`    data=${data},`]),
  ]
  const imports = ['json', 'os', 'urllib.request'].filter((name) => name !== 'json' || typeof (body ?? '') !== 'string')
  const begin = `import ${imports.join(', ')}\n\nrequest = urllib.request.Request(\n${lines.join('\n')}\n)\n`
  if (!redirects) return `${begin}with urllib.request.urlopen(request) as answer:\n    print(answer.read().decode())`
  // urllib would send the key on to the storage, which refuses two credentials.
  return `${begin.replace('urllib.request\n', 'urllib.error, urllib.request\n')}
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None

try:
    urllib.request.build_opener(Stay).open(request)
except urllib.error.HTTPError as redirect:
    urllib.request.urlretrieve(redirect.headers["location"], "file")`
}

/** A JSON value as Python writes it. */
const literal = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value !== 'object' || value === null) return value === null ? 'None' : JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${literal(each)}`)
    .join(', ')}}`
}
