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

/** Whole lines, ended by CR LF, LF or CR; a CR at the end of a chunk waits for what follows. */
async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const reader = stream.getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    // The reader may leave early; the server is told.
    await reader.cancel().catch(() => {})
  }
}
