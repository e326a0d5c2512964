/** What the image's Dockerfile relies on, checked without Docker: production packages alone, a bill of materials, a health check. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { build } from 'esbuild'

const ROOT = new URL('../../../', import.meta.url).pathname
const dockerfile = readFileSync(`${ROOT}gpu-runner/Dockerfile`, 'utf8')
const { dependencies, devDependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>

const ENTRIES = ['worker', 'manage-packs', 'check-health'].map((name) => `gpu-runner/${name}/main.ts`)

test('the image runs on production packages, and on files that are copied into it', async () => {
  const { metafile } = await build({
    entryPoints: ENTRIES.map((entry) => ROOT + entry),
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    outdir: 'out',
    metafile: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  })
  const inputs = Object.entries(metafile.inputs)
  assert.ok(inputs.length > 50)
  for (const [path, { imports }] of inputs) {
    assert.match(path, /^(shared|gpu-runner)\//)
    for (const { path: name, external } of imports.filter((each) => each.external && !each.path.startsWith('node:'))) {
      const packageName = name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/')
      assert.ok(external && packageName in dependencies, `${path} imports ${name}`)
    }
  }
})

test('the bill of materials names every package of production, and none of development', () => {
  assert.match(
    dockerfile,
    /npm ci --omit=dev .+\n && npm pkg delete devDependencies .+\n && npm sbom --sbom-format=spdx >/,
  )
  const folder = mkdtempSync(join(tmpdir(), 'rollover-sbom-'))
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(ROOT + file, join(folder, file))
  // From the lockfile instead of an installation, which would take the network.
  const npm = (...args: string[]) => spawnSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 1e8 })
  for (const step of [
    ['pkg', 'delete', 'devDependencies'],
    ['install', '--package-lock-only', '--offline', '--ignore-scripts'],
  ])
    assert.equal(npm(...step).status, 0, step.join(' '))
  const { stdout, status } = npm('sbom', '--package-lock-only', '--sbom-format=spdx')
  assert.equal(status, 0)
  const names = (JSON.parse(stdout) as { packages: { name: string }[] }).packages.map(({ name }) => name)
  for (const name of Object.keys(dependencies)) assert.ok(names.includes(name), name)
  for (const name of Object.keys(devDependencies)) assert.ok(!names.includes(name), name)
  rmSync(folder, { recursive: true })
})

test('every version is pinned, and nothing of the host goes into the image but what it needs', () => {
  for (const [, image = ''] of dockerfile.matchAll(/^FROM (\S+:\S+)/gm)) assert.match(image, /:.*(\$\{|\d)/)
  assert.doesNotMatch(dockerfile, /:latest|curl|wget/)
  const [everything, ...kept] = readFileSync(`${ROOT}.dockerignore`, 'utf8').trim().split('\n')
  assert.equal(everything, '*')
  const [, node] = /^ARG NODE_VERSION=(\S+)$/m.exec(dockerfile) ?? []
  assert.equal(node, devDependencies['node'])
  for (const folder of ['shared', 'gpu-runner', 'package-lock.json']) assert.ok(kept.includes(`!${folder}`))
})

test('the health check passes while the heartbeat is fresh, and fails when it is old or was never there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollover-health-'))
  const file = join(folder, 'alive')
  const check = () =>
    spawnSync(process.execPath, [`${ROOT}gpu-runner/check-health/main.ts`], { env: { HEARTBEAT_FILE: file } }).status
  assert.notEqual(check(), 0)
  writeFileSync(file, '')
  assert.equal(check(), 0)
  const old = Date.now() / 1000 - 90
  utimesSync(file, old, old)
  assert.notEqual(check(), 0)
  rmSync(folder, { recursive: true })
})
