/** Server-sent events from a byte stream, as the HTML standard reads them (section 9.2.6). */

export interface ServerSentEvent {
  /** The last id seen, this event's or an earlier one's; empty when there was none. */
  readonly id: string
  readonly type: string
  readonly data: string
}

/**
 * Yields each event with data. Comments (pings) and fields of other names pass unseen; an event that the stream breaks off in
 * the middle of is dropped, as the standard asks.
 */
export async function* readServerSentEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let id = ''
  let type = ''
  let data: string[] = []
  for await (const line of readLines(stream)) {
    if (line === '') {
      if (data.length > 0) yield { id, type: type || 'message', data: data.join('\n') }
      type = ''
      data = []
      continue
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    else if (field === 'event') type = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }
}

/** Whole lines, ended by CR LF, LF or CR. Each character is looked at once, however finely the stream is cut. */
async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const reader = stream.getReader()
  let begun: string[] = []
  let afterReturn = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const decoded = decoder.decode(value, { stream: true })
      // The line feed of a CR LF that was cut in two.
      const text: string = afterReturn && decoded.startsWith('\n') ? decoded.slice(1) : decoded
      if (decoded !== '') afterReturn = text.endsWith('\r')
      const [first = '', ...lines] = text.split(/\r\n|\n|\r/)
      begun.push(first)
      const rest = lines.pop()
      if (rest === undefined) continue
      yield begun.join('')
      begun = [rest]
      yield* lines
    }
  } finally {
    // The reader may leave early; the server is told.
    await reader.cancel().catch(() => {})
  }
}
