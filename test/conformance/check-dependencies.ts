/**
 * `npm run check:dependencies`: asks the registry which of the packages that run have a known fault, by `npm audit`. Ends with 1
 * when one is high or critical. A registry that cannot be asked is told, and is no failure: a mirror may not have the list.
 */
import { spawnSync } from 'node:child_process'
import { z } from 'zod'

const auditSchema = z.looseObject({
  vulnerabilities: z.record(z.string(), z.looseObject({ severity: z.string() })).optional(),
})

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' })
const parsed = auditSchema.safeParse(parse(stdout))
const found = parsed.data?.vulnerabilities
if (found === undefined) console.error(`The registry has no answer: ${stdout.trim().slice(0, 300) || 'nothing'}`)
else {
  const grave = Object.entries(found).filter(([, { severity }]) => severity === 'high' || severity === 'critical')
  for (const [name, { severity }] of Object.entries(found)) console.log(`${severity}  ${name}`)
  console.log(`${Object.keys(found).length} packages with a known fault, ${grave.length} of them high or critical.`)
  if (grave.length > 0) process.exitCode = 1
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
