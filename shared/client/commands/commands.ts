/** Every command of the CLI, in the order of the help. */
import { account, packs } from './account.ts'
import { invoice, statement, usage } from './books.ts'
import type { Command } from './command.ts'
import { completion } from './completion.ts'
import { extend, generate, quote } from './generate.ts'
import { cancel, get, list, remove } from './generations.ts'
import { KEY_COMMANDS } from './keys.ts'
import { login } from './login.ts'
import { share } from './share.ts'
import { watch } from './watch.ts'
import { WEBHOOK_COMMANDS } from './webhooks.ts'

export const COMMANDS: readonly Command[] = [
  login,
  generate,
  watch,
  get,
  list,
  cancel,
  extend,
  remove,
  share,
  quote,
  packs,
  account,
  usage,
  statement,
  invoice,
  ...KEY_COMMANDS,
  ...WEBHOOK_COMMANDS,
  completion(() => COMMANDS),
]
