/** Completion scripts, run by the shells they are for; one that is not installed is skipped. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROLLOVER = fileURLToPath(new URL('../../shared/client/rollover.js', import.meta.url))

const missing = (shell: string): string | false =>
  spawnSync(shell, ['-c', 'true']).error === undefined ? false : `${shell} is not installed`

describe('completion', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollover-completion-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const script = async (shell: string): Promise<string> => {
    const path = join(folder, shell)
    await writeFile(path, execFileSync(process.execPath, [ROLLOVER, 'completion', shell]))
    return path
  }
  /** What bash offers after these words; the last one is being typed. */
  const offered = async (...words: string[]): Promise<string[]> => {
    const line = ['rollover', ...words].map((word) => `'${word}'`).join(' ')
    const ask = `source "$0"; COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _rollover; echo "\${COMPREPLY[*]}"`
    return execFileSync('bash', ['-c', ask, await script('bash')], { encoding: 'utf8' })
      .trim()
      .split(' ')
  }

  test('by bash knows commands, their second words, options, and values', { skip: missing('bash') }, async () => {
    assert.deepEqual(await offered('ge'), ['generate', 'get'])
    assert.deepEqual(await offered('keys', ''), ['list', 'issue', 'change', 'rotate', 'revoke'])
    assert.deepEqual(await offered('generate', '--f'), ['--format'])
    assert.deepEqual(await offered('generate', 'two bears', '--format', ''), ['png', 'webp', 'jpeg', 'svg', 'json'])
    assert.deepEqual(await offered('keys', 'issue', 'laptop', '--scope', 'acc'), ['account:read', 'account:write'])
  })

  test('by zsh is a script that zsh reads', { skip: missing('zsh') }, async () => {
    const ask = 'source "$0" && whence -w _rollover'
    const said = execFileSync('zsh', ['-f', '-c', ask, await script('zsh')], { encoding: 'utf8' })
    assert.match(said, /_rollover: function/)
  })

  test('by fish knows the same', { skip: missing('fish') }, async () => {
    const ask = (line: string, path: string) =>
      execFileSync('fish', ['-c', `source ${path}; complete -C '${line}'`], { encoding: 'utf8' })
    const path = await script('fish')
    assert.match(ask('rollover gen', path), /^generate\t/)
    assert.match(ask('rollover keys ', path), /issue/)
    assert.match(ask('rollover generate --format ', path), /webp/)
  })
})
