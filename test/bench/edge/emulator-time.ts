/** What the emulators beside a measurement spend. */
import { readdir, readFile } from 'node:fs/promises'

/** Clock ticks a second of /proc: what every Linux that Node runs on has. */
const TICKS = 100

/** CPU milliseconds of this process's emulators so far; undefined where there is no /proc. */
export async function emulatorMilliseconds(): Promise<number | undefined> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    // After the command in brackets: state, parent, ...; user and system time are the 12th and 13th from there.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (Number(fields[1]) !== process.pid || !command.includes('emulators/main.ts')) continue
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS
  }
  return undefined
}
