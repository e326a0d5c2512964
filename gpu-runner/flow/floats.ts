/**
 * The few array loops of the library. Float32 for latents, Float64 where formulas are checked to many digits. What every candidate
 * goes through takes four numbers at a time: the code that V8 has until it knows a function well takes three times as long one by one.
 */

export type Floats = Float32Array | Float64Array

/** A new array of the same kind: a x + b y, element by element. */
export function combine<T extends Floats>(a: number, x: T, { b, y }: { b: number; y: T }): T {
  const out = emptyLike(x)
  const fours = out.length & ~3
  for (let i = 0; i < fours; i += 4) {
    out[i] = a * (x[i] as number) + b * (y[i] as number)
    out[i + 1] = a * (x[i + 1] as number) + b * (y[i + 1] as number)
    out[i + 2] = a * (x[i + 2] as number) + b * (y[i + 2] as number)
    out[i + 3] = a * (x[i + 3] as number) + b * (y[i + 3] as number)
  }
  for (let i = fours; i < out.length; i++) out[i] = a * (x[i] as number) + b * (y[i] as number)
  return out
}

/** A new array of the same kind: a x. */
export function scaled<T extends Floats>(a: number, x: T): T {
  const out = emptyLike(x)
  for (let i = 0; i < out.length; i++) out[i] = a * (x[i] as number)
  return out
}

/** Adds b y to x in place: for arrays that their maker alone has seen. */
export function addScaled(x: Floats, b: number, y: Floats): void {
  for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) + b * (y[i] as number)
}

/** The inner product of x and y. */
export function dot(x: Floats, y: Floats): number {
  // Four sums, so that one addition need not wait for the other.
  let [a, b, c, d] = [0, 0, 0, 0]
  const fours = x.length & ~3
  for (let i = 0; i < fours; i += 4) {
    a += (x[i] as number) * (y[i] as number)
    b += (x[i + 1] as number) * (y[i + 1] as number)
    c += (x[i + 2] as number) * (y[i + 2] as number)
    d += (x[i + 3] as number) * (y[i + 3] as number)
  }
  for (let i = fours; i < x.length; i++) a += (x[i] as number) * (y[i] as number)
  return a + b + c + d
}

function emptyLike<T extends Floats>(x: T): T {
  return (x instanceof Float32Array ? new Float32Array(x.length) : new Float64Array(x.length)) as T
}
