/** A JSON Schema of the document as rows of a table: one a field, nested fields under a path with dots. */

export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly additionalProperties?: boolean | JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly description?: string
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
}

export interface SchemaRow {
  /** `usage.nfe_held`; items of a list carry `[]`. */
  readonly name: string
  readonly type: string
  /** Name of a schema with a section of its own. */
  readonly link?: string
  readonly required: boolean
  readonly limits: string
  readonly description: string
}

const DEPTH = 3

export const schemaRows = (schema: JsonSchema, prefix = '', depth = 0): SchemaRow[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = prefix + key
    const link = referenceOf(field)
    const row: SchemaRow = {
      name,
      type: typeOf(field),
      ...(link !== undefined && { link }),
      required: schema.required?.includes(key) ?? false,
      limits: limitsOf(field),
      description: field.description ?? '',
    }
    if (depth >= DEPTH || link !== undefined) return [row]
    return [row, ...innerOf(field).flatMap(([inner, suffix]) => schemaRows(inner, `${name}${suffix}.`, depth + 1))]
  })

/** Schemas with fields of their own inside this one, and what stands before their names. */
const innerOf = (schema: JsonSchema): [JsonSchema, string][] => {
  if (schema.properties !== undefined) return [[schema, '']]
  if (schema.items?.properties !== undefined) return [[schema.items, '[]']]
  return (schema.anyOf ?? []).flatMap(innerOf)
}

export const referenceOf = ({ $ref, items, anyOf }: JsonSchema): string | undefined =>
  $ref?.split('/').at(-1) ?? (items && referenceOf(items)) ?? anyOf?.map(referenceOf).find((name) => name !== undefined)

const typeOf = (schema: JsonSchema): string => {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? ''
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`
  if (typeof schema.additionalProperties === 'object') return `map to ${typeOf(schema.additionalProperties)}`
  const types = [schema.type ?? 'any'].flat()
  return types.map((type) => (type === 'string' && schema.format !== undefined ? schema.format : type)).join(' or ')
}

const limitsOf = (schema: JsonSchema): string => {
  const between = (low: number | undefined, high: number | undefined, of: string): string[] => {
    if (low === undefined && high === undefined) return []
    if (low === undefined) return [`at most ${high}${of}`]
    return [high === undefined ? `at least ${low}${of}` : `${low} to ${high}${of}`]
  }
  return [
    ...between(schema.minimum, schema.maximum, ''),
    ...between(schema.minLength, schema.maxLength, ' characters'),
    ...between(schema.minItems, schema.maxItems, ' items'),
    ...(schema.default === undefined ? [] : [`default ${JSON.stringify(schema.default)}`]),
  ].join(', ')
}
