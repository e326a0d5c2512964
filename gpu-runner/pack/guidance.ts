/** Classifier-free guidance. */

/**
 * u0 + scale (u1 - u0) for each row (Ho & Salimans, arXiv 2207.12598, eq. 6, with scale = 1 + w): 1 is the prompt alone.
 * @param predicted [2 B, ...]: the rows with the prompt, then the same rows without it. Becomes the answer's memory.
 * @returns [B, ...]
 */
export function guide(predicted: Float32Array, scale: number): Float32Array {
  const half = predicted.length / 2
  for (let i = 0; i < half; i++) {
    const bare = predicted[half + i] as number
    predicted[i] = bare + scale * ((predicted[i] as number) - bare)
  }
  return predicted.subarray(0, half)
}
