/** How far a transfer is, for people who watch. */
export interface Progress {
  readonly file: string
  readonly doneBytes: number
  readonly totalBytes: number
}

export type OnProgress = (progress: Progress) => void

const WIDTH = 24

/** One line: `velocity.onnx  [######------]  1.2 / 2.4 GB`. */
export const barOf = ({ file, doneBytes, totalBytes }: Progress): string => {
  const full = Math.round((WIDTH * doneBytes) / Math.max(1, totalBytes))
  return `${file}  [${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]  ${sizeText(doneBytes)} / ${sizeText(totalBytes)}`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** In steps of 1000: 1500000 -> "1.5 MB". */
export const sizeText = (bytes: number): string => {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`
}
