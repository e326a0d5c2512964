/** How a child process notices that nobody needs it any more, so that no orphan holds ports and folders. */
import { fstatSync } from 'node:fs'
import process from 'node:process'

const CHECK_EVERY_MS = 1_000

/**
 * Calls `end` when the parent has died or let go: the IPC channel disconnects, a stdin that is a pipe ends, or the
 * process is adopted by another (which alone covers a parent that gave neither). A terminal, a file or /dev/null as
 * stdin says nothing about the parent and is not read. `end` may be called more than once.
 */
export function whenParentIsGone(end: () => void): void {
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && end(), CHECK_EVERY_MS).unref()
  if (process.connected) {
    process.on('disconnect', end)
    return
  }
  if (stdinIsPipe()) process.stdin.on('end', end).on('error', end).resume()
}

function stdinIsPipe(): boolean {
  try {
    const stdin = fstatSync(0)
    return stdin.isFIFO() || stdin.isSocket()
  } catch {
    return false
  }
}
