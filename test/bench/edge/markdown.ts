/** A report on the edge as Markdown. */
import { tableOf } from '../report.ts'
import type { EdgeReport } from './measure-edge.ts'

export function edgeMarkdown(report: EdgeReport): string {
  const { create, create_with_idempotency_key: keyed, get, event } = report
  const asked = Object.entries({ create, 'create with an Idempotency-Key': keyed, get })
  const requests = tableOf(
    ['request', 'a second, one after the other', 'own CPU ms, p50 (p95)', 'ms, p50 (p95)'],
    [
      ...asked.map(([name, cost]) => [
        name,
        cost.requests_per_second.toFixed(0),
        `${cost.cpu_ms_p50.toFixed(2)} (${cost.cpu_ms_p95.toFixed(2)})`,
        `${cost.wall_ms_p50.toFixed(2)} (${cost.wall_ms_p95.toFixed(2)})`,
      ]),
      ['server-sent event', event.events_per_second.toFixed(0), event.cpu_ms.toFixed(3), ''],
    ],
  )
  const functions = tableOf(
    ['function', 'bundle, kB (gzip)', 'import, ms (CPU)', 'first request, ms', 'resident after it, MB'],
    report.functions.map((one) => [
      one.name,
      `${(one.bundle_bytes / 1000).toFixed(0)} (${(one.bundle_gzip_bytes / 1000).toFixed(0)})`,
      `${one.import_ms.toFixed(0)} (${one.import_cpu_ms.toFixed(0)})`,
      one.first_request_ms?.toFixed(0) ?? 'none',
      one.resident_mb.toFixed(0),
    ]),
  )
  const emulators = report.emulators_cpu_ms_per_create
  const beside = emulators === null ? '' : ` The emulators spent ${emulators} ms of CPU a create beside it.`
  return `${requests}\n\nResident after all of them: ${report.resident_mb} MB.${beside}\n\n${functions}`
}
