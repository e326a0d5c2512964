/** The measured process of bench:edge: imports the bundled Lambda, creates generations through its handler, reports to its parent. */

export interface CreatesReport {
  readonly importMs: number
  readonly importCpuMs: number
  /** The first create of a fresh process: connections and code that was never run. */
  readonly firstMs: number
  /** Of each create: CPU time of this process, and time on the clock. */
  readonly cpuMs: readonly number[]
  readonly wallMs: readonly number[]
  /** The same with an Idempotency-Key, which adds a claim and a stored answer. */
  readonly keyedCpuMs: readonly number[]
  /** Creates and warm-up together: what the emulators had to do. */
  readonly requestsMade: number
}

type Handler = (event: object, context: object) => Promise<{ statusCode: number; body: string }>

const [, , bundle = '', creates = '0', adminKey = ''] = process.argv
/** Creates until the compiler has seen the code. */
const WARM_UP = 300
/** Settled at no time, so below the most that may be open. */
const CREATES_PER_ACCOUNT = 400

const cpuSince = (from: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(from)
  return (user + system) / 1000
}

/** What a function URL behind CloudFront adds to the headers of a client. */
const HEADERS_ON_THE_WAY = {
  accept: '*/*',
  'accept-encoding': 'br,gzip',
  'user-agent': 'Amazon CloudFront',
  via: '1.1 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)',
  'x-amz-cf-id': 'Q1dXyJ3Yc8m0Jk2gkQ0m0Qx8bT1nq0Vw5cXo1rX0pQ0m0Qx8bT1nq0==',
  'x-amzn-tls-cipher-suite': 'TLS_AES_128_GCM_SHA256',
  'x-amzn-tls-version': 'TLSv1.3',
  'x-amzn-trace-id': 'Root=1-6743f8a2-0123456789abcdef01234567',
  'x-forwarded-for': '192.0.2.7',
  'x-forwarded-port': '443',
  'x-forwarded-proto': 'https',
}

const post = async (handler: Handler, on: { path: string; key: string; body: object; headers?: object }) => {
  const body = JSON.stringify(on.body)
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath: on.path,
    rawQueryString: '',
    headers: {
      ...HEADERS_ON_THE_WAY,
      authorization: `Bearer ${on.key}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      host: 'api.example',
      ...on.headers,
    },
    requestContext: {
      http: { method: 'POST', path: on.path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'bench' },
      domainName: 'api.example',
      requestId: 'bench',
    },
    body,
    isBase64Encoded: false,
  }
  const answer = await handler(event, { awsRequestId: 'bench', functionName: 'bench' })
  if (answer.statusCode >= 300) throw new Error(`${on.path}: ${answer.statusCode} ${answer.body}`)
  return answer
}

/** Keys in turn: an account holds so many open generations and no more. */
const openAccounts = async (handler: Handler, count: number): Promise<string[]> => {
  const keys: string[] = []
  for (let at = 0; at < count; at++) {
    const body = { name: `Bench ${at}`, credit_micro_usd: 1_000_000_000 }
    const opened = await post(handler, { path: '/v1/admin/accounts', key: adminKey, body })
    keys.push((JSON.parse(opened.body) as { api_key: string }).api_key)
  }
  return keys
}

const start = performance.now()
const startCpu = process.cpuUsage()
const { handler } = (await import(bundle)) as { handler: Handler }
const imported = { importMs: performance.now() - start, importCpuMs: cpuSince(startCpu) }
const report = { ...imported, firstMs: 0, cpuMs: [] as number[], wallMs: [] as number[], keyedCpuMs: [] as number[] }

const count = Number(creates)
const total = count === 0 ? 0 : WARM_UP + 2 * count
const keys = await openAccounts(handler, Math.ceil(total / CREATES_PER_ACCOUNT))
for (let at = 0; at < total; at++) {
  const keyed = at % 2 === 1
  const key = keys[at % keys.length] ?? ''
  const body = {
    prompt: 'seven balloons, four bears, and four swans',
    nfe_budget: 200,
    target_reward: -0.2,
    metadata: { project: 'menagerie' },
  }
  const headers = keyed ? { 'idempotency-key': `bench-${at}` } : {}
  const from = performance.now()
  const fromCpu = process.cpuUsage()
  await post(handler, { path: '/v1/generations', key, body, headers })
  const cpuMs = cpuSince(fromCpu)
  const wallMs = performance.now() - from
  if (at === 0) report.firstMs = wallMs
  if (at < WARM_UP) continue
  if (keyed) report.keyedCpuMs.push(cpuMs)
  else {
    report.cpuMs.push(cpuMs)
    report.wallMs.push(wallMs)
  }
}
process.send?.({ ...report, requestsMade: Math.max(1, total) } satisfies CreatesReport, () => process.exit(0))
