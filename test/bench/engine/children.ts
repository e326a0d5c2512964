/** Processes and folders of a benchmark: however it ends but by SIGKILL, they end with it. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Given to each signal. */
const END_MS = 5000
const LOOK_MS = 50

/** Leaders of process groups: a server's workers must end with it. */
const groups = new Set<number>()
const folders = new Set<string>()

export function spawnGroup(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true })
  if (child.pid === undefined) return child
  groups.add(child.pid)
  sharePriority(child.pid)
  return child
}

/** Linux weighs groups against each other: what this process was given above or below others, a baseline must have too. */
function sharePriority(pid: number): void {
  try {
    const [, nice] = /nice (-?\d+)/.exec(readFileSync('/proc/self/autogroup', 'utf8')) ?? []
    if (nice !== undefined) writeFileSync(`/proc/${pid}/autogroup`, nice)
  } catch {
    // No Linux, no such groups, or no right to raise one.
  }
}

/** What it has started too, for a server's workers may lead groups of their own: call it when the server has them. */
export function shareWithDescendants(pid: number | undefined): void {
  if (pid === undefined) return
  sharePriority(pid)
  for (const file of globSync(`/proc/${pid}/task/*/children`)) {
    let children = ''
    try {
      children = readFileSync(file, 'utf8')
    } catch {
      // It has ended meanwhile.
    }
    for (const child of children.split(' ').filter(Boolean)) shareWithDescendants(Number(child))
  }
}

/** Resolves when no process of the group is left; those that do not end on SIGTERM in time are killed. */
export async function endGroup({ pid }: Pick<ChildProcess, 'pid'>): Promise<void> {
  if (pid === undefined) return
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    signalGroup(pid, signal)
    for (const end = performance.now() + END_MS; performance.now() < end && signalGroup(pid, 0); ) await sleep(LOOK_MS)
  }
  groups.delete(pid)
}

/** Runs a command to its end. Rejects with the last line of what it complained of. */
export async function runGroup(command: string, args: readonly string[]): Promise<string> {
  const child = spawnGroup(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  const [code] = await once(child, 'close')
  await endGroup(child)
  if (code !== 0) throw new Error(texts.stderr.trim().split('\n').at(-1) ?? `${command} ended with ${code}`)
  return texts.stdout
}

export async function temporaryFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `rollover-${name}-`))
  folders.add(folder)
  return folder
}

/** Called once, first of all. */
export function endChildrenWithUs(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, async () => {
      // What was being measured fails when its server ends: that is no news, and must not end us before the others.
      process.on('uncaughtException', () => {})
      await Promise.all([...groups].map((pid) => endGroup({ pid })))
      process.exit(128 + constants.signals[signal])
    })
  process.on('exit', () => {
    for (const pid of groups) signalGroup(pid, 'SIGKILL')
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
}

/** Whether there was anybody to signal; 0 only asks. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}
