/** A moment as a request may say it: RFC 3339, with `Z` or an offset such as Python's isoformat() writes. Answers say it in UTC. */
import { z } from 'zod'

export const requestTimeSchema = z.iso.datetime({ offset: true })
