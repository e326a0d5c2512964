/** A file whose time of change says that the main thread still turns: what a container's health check reads. */
import { writeFile } from 'node:fs/promises'

const EVERY_MS = 10_000

/** Touches the file now and every ten seconds. The returned function ends it. */
export const keepHeartbeat = async (file: string): Promise<() => void> => {
  const touch = () => writeFile(file, '')
  await touch()
  const timer = setInterval(() => {
    touch().catch((error) => console.error(JSON.stringify({ level: 'warn', where: 'heartbeat', error: String(error) })))
  }, EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
