/**
 * Settings whose value is kept elsewhere. A variable may hold, in place of its value, where the value is:
 *
 *   secret:<name or ARN>            the whole secret (AWS Secrets Manager)
 *   secret:<name or ARN>#<key>      one string of a secret that is a JSON object
 *   parameter:<name>                a parameter (AWS Systems Manager)
 *
 * so that no secret stands in a function's configuration. Every other value is taken as it is.
 */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'

type Environment = Readonly<Record<string, string | undefined>>
type Read = (name: string) => Promise<string | undefined>

/**
 * The environment with every reference replaced by what it names. Each secret is fetched once.
 * @throws Error that names the variable, and never the value, when a reference leads nowhere.
 */
export const readReferences = async (environment: Environment): Promise<Environment> => {
  const secrets = once(readSecret)
  const parameters = once(readParameter)
  const entries = Object.entries(environment).map(async ([variable, text]) => {
    const [, kind, name, key] = /^(secret|parameter):([^#]+)(?:#(.+))?$/.exec(text ?? '') ?? []
    if (kind === undefined || name === undefined) return [variable, text] as const
    const whole = kind === 'secret' ? await secrets(name) : await parameters(name)
    const value = key === undefined ? whole : pick(whole, key)
    if (value === undefined) throw new Error(`${variable}: ${text} does not exist.`)
    return [variable, value] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

const once = (read: Read): Read => {
  const asked = new Map<string, Promise<string | undefined>>()
  return (name) => {
    const answer = asked.get(name) ?? read(name)
    asked.set(name, answer)
    return answer
  }
}

const readSecret: Read = async (name) => {
  const client = new SecretsManagerClient({})
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString
  } finally {
    client.destroy()
  }
}

const readParameter: Read = async (name) => {
  const client = new SSMClient({})
  try {
    return (await client.send(new GetParameterCommand({ Name: name }))).Parameter?.Value
  } finally {
    client.destroy()
  }
}

const pick = (json: string | undefined, key: string): string | undefined => {
  const value: unknown = json === undefined ? undefined : JSON.parse(json)
  if (typeof value !== 'object' || value === null || !(key in value)) return undefined
  const found = (value as Record<string, unknown>)[key]
  return typeof found === 'string' ? found : undefined
}
