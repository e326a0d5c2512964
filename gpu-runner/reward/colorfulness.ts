/**
 * Colourfulness M(3) of an image: sqrt(var rg + var yb) + 0.3 sqrt(mean rg^2 + mean yb^2), with the opponent colours
 * rg = R - G and yb = (R + G) / 2 - B on 0..255 and population variances.
 * Source: Hasler & Suesstrunk, "Measuring colourfulness in natural images", SPIE 5007 (2003), equation 9.
 * @param pixels 8-bit RGB [height, width, 3], as they are in the PNG.
 */
export function colorfulness(pixels: Uint8ClampedArray | Uint8Array): number {
  const count = pixels.length / 3
  const sum = { rg: 0, yb: 0, rg2: 0, yb2: 0 }
  for (let at = 0; at < pixels.length; at += 3) {
    const [red, green, blue] = [pixels[at] as number, pixels[at + 1] as number, pixels[at + 2] as number]
    const rg = red - green
    const yb = (red + green) / 2 - blue
    sum.rg += rg
    sum.yb += yb
    sum.rg2 += rg * rg
    sum.yb2 += yb * yb
  }
  const [rg, yb] = [sum.rg / count, sum.yb / count]
  // Sums of halves of integers are exact; the difference can only be below 0 by rounding of the division.
  const spread = Math.sqrt(Math.max(0, sum.rg2 / count - rg * rg) + Math.max(0, sum.yb2 / count - yb * yb))
  return spread + 0.3 * Math.hypot(rg, yb)
}
