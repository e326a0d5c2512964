/** One parser under fuzz. */
import type fc from 'fast-check'

export interface Target<Input = unknown> {
  readonly name: string
  /** Its share of all inputs. */
  readonly weight: number
  readonly inputs: fc.Arbitrary<Input>
  /** Parses it, and throws where a law about what came out is broken. */
  readonly run: (input: Input) => void | Promise<void>
  /** Whether an error is how it refuses; every other one is a crash. */
  readonly refuses?: (error: unknown) => boolean
  /** An input of about n characters that grows where growth hurts, for the time it takes. */
  readonly long?: readonly ((n: number) => Input)[]
  /** The longest that can come to it, characters; a quarter of a million unless said. */
  readonly longest?: number
}

/** Keeps the input's type between its parts, and forgets it in the table. */
export const target = <Input>(one: Target<Input>): Target => one as unknown as Target

export const named =
  (...names: readonly string[]) =>
  (error: unknown): boolean =>
    error instanceof Error && names.includes(error.name)
