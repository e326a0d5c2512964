/**
 * The one place where the three emulator packages are imported, and the only view of their internals that this
 * folder relies on. They ship without usable types and the repairs replace some of their inner functions, so each
 * is accepted in exactly the version whose source was read, and in no other.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Dynalite, DynaliteAction } from './types-dynamodb.ts'
import type { S3rver } from './types-s3.ts'
import type { Fauxqs } from './types-sqs.ts'

const require = createRequire(import.meta.url)

/** The versions whose internals the repairs were written against. */
export const PINNED = {
  dynalite: '4.0.0',
  fauxqs: '2.4.1',
  '@20minutes/s3rver': '5.0.0',
} as const

export type EmulatorPackage = keyof typeof PINNED

/**
 * Folder of an installed package, once its version is known to be the pinned one.
 * @throws Error that names package, version found and version needed.
 */
export function pinnedFolder(name: EmulatorPackage, installedIn: (name: string) => string = installedFolder): string {
  const folder = installedIn(name)
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  if (version !== PINNED[name]) {
    throw new Error(
      `${name} ${version} is installed, but the local emulators repair the internals of ${name} ${PINNED[name]}: ` +
        `run "npm ci", or read its source again and move the pin in cdk/local/emulators/packages.ts.`,
    )
  }
  return folder
}

// `require.resolve('name/package.json')` is refused by packages with an exports map, so the folder is searched for.
function installedFolder(name: string): string {
  for (const root of require.resolve.paths(name) ?? []) {
    const folder = join(root, name)
    try {
      readFileSync(join(folder, 'package.json'))
      return folder
    } catch {}
  }
  throw new Error(`${name} is not installed: run "npm ci".`)
}

/** dynalite's store, validations and actions; its own HTTP layer is not used. */
export function loadDynalite(): Dynalite {
  const folder = pinnedFolder('dynalite')
  const load = (path: string): unknown => require(join(folder, path))
  const validations = load('validations') as Pick<Dynalite, 'checkTypes' | 'checkValidations'>
  const action = (name: string) =>
    ({ run: load(`actions/${name}`), ...(load(`validations/${name}`) as object) }) as DynaliteAction
  return {
    db: load('db') as Dynalite['db'],
    checkTypes: validations.checkTypes,
    checkValidations: validations.checkValidations,
    action,
  }
}

/** fauxqs's application, message store and SQLite persistence. */
export async function loadFauxqs(): Promise<Fauxqs> {
  const dist = join(pinnedFolder('fauxqs'), 'dist')
  const load = async (path: string): Promise<object> => import(pathToFileURL(join(dist, path)).href)
  const parts = ['app.js', 'sqs/sqsStore.js', 'sns/snsStore.js', 's3/s3Store.js', 'persistence.js']
  return Object.assign({}, ...(await Promise.all(parts.map(load)))) as Fauxqs
}

/** s3rver's server class and the account registry its own authentication reads. */
export function loadS3rver(): S3rver {
  const folder = pinnedFolder('@20minutes/s3rver')
  const load = (path: string): unknown => require(join(folder, path))
  const account = load('lib/models/account.js') as { DUMMY_ACCOUNT: S3rver['account'] }
  return {
    Server: load('lib/s3rver.js') as S3rver['Server'],
    S3Error: load('lib/models/error.js') as S3rver['S3Error'],
    S3Object: load('lib/models/object.js') as S3rver['S3Object'],
    account: account.DUMMY_ACCOUNT,
  }
}
