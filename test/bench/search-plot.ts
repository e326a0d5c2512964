/**
 * `npm run plot -- trace.jsonl [out.svg]`: a search's trace as a drawing: every candidate's reward against NFEs with the best so far,
 * and below it the quota that each candidate was drawn under. Writes next to the trace unless told where.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { type TraceLine, traceLineSchema } from '../../shared/contract/trace.ts'

const [file, out = file?.replace(/(\.jsonl)?$/, '.svg')] = process.argv.slice(2)
if (file === undefined || out === undefined) {
  console.error('usage: npm run plot -- trace.jsonl [out.svg]')
  process.exit(2)
}
const lines = (await readFile(file, 'utf8'))
  .split('\n')
  .filter(Boolean)
  .map((line) => traceLineSchema.parse(JSON.parse(line)))
await writeFile(out, svgOf(lines))
console.log(`${out}: ${lines.length} candidates, ${lines.at(-1)?.nfe ?? 0} NFEs`)

function svgOf(trace: readonly TraceLine[]): string {
  const scored = trace.flatMap((line) => (line.reward === null ? [] : [{ ...line, reward: line.reward }]))
  const rewards = scored.map(({ reward }) => reward).sort((a, b) => a - b)
  // The blurred estimates of the first steps lie far below the rest and would press it flat.
  const lowest = rewards[Math.floor(rewards.length * 0.05)] ?? 0
  const highest = rewards.at(-1) ?? 0
  const most = Math.max(1, ...trace.map(({ quota }) => quota))
  const x = (nfe: number) => 60 + (640 * nfe) / Math.max(1, trace.at(-1)?.nfe ?? 1)
  const y = (reward: number) => 30 + (260 * (highest - Math.max(reward, lowest))) / Math.max(1e-9, highest - lowest)
  const quotaY = (quota: number) => 420 - (90 * quota) / most
  let best = -Infinity
  const climb = scored.flatMap(({ nfe, reward, accepted }) => {
    if (!accepted || reward <= best) return []
    const before = best === -Infinity ? reward : best
    best = reward
    return [`${x(nfe).toFixed(1)},${y(before).toFixed(1)}`, `${x(nfe).toFixed(1)},${y(reward).toFixed(1)}`]
  })
  const dot = ({ nfe, reward, accepted, lane }: TraceLine & { reward: number }) =>
    `<circle cx="${x(nfe).toFixed(1)}" cy="${y(reward).toFixed(1)}" r="${accepted ? 3 : 1.8}" fill="hsl(${(210 + 67 * lane) % 360} 70% ${accepted ? 40 : 70}%)"/>`
  const bar = ({ nfe, quota }: TraceLine) =>
    `<path d="M${x(nfe).toFixed(1)} 420V${quotaY(quota).toFixed(1)}" stroke="#8aa" stroke-width="2"/>`
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 450" font-family="sans-serif" font-size="12">',
    '<rect width="720" height="450" fill="white"/>',
    `<text x="54" y="34" text-anchor="end">${highest.toFixed(1)}</text><text x="54" y="294" text-anchor="end">${lowest.toFixed(1)}</text>`,
    '<text x="60" y="18">reward of each candidate (dark: accepted) and the best accepted so far</text>',
    ...scored.map(dot),
    `<polyline points="${climb.join(' ')}" fill="none" stroke="#c33" stroke-width="1.5"/>`,
    `<text x="60" y="320">quota (at most ${most})</text>`,
    ...trace.map(bar),
    '<path d="M60 420H700" stroke="#444"/>',
    `<text x="60" y="438">0</text><text x="700" y="438" text-anchor="end">${trace.at(-1)?.nfe ?? 0} NFEs</text>`,
    '</svg>',
    '',
  ].join('\n')
}
