/** What a JSON sample claims to be, by the word after `json`, and how that is checked. */
import { z } from 'zod'
import { readStage } from '../../cdk/stages.ts'
import { batchLineSchema, batchSchema } from '../../shared/contract/batch.ts'
import { balanceLowEventSchema, batchEndedEventSchema, generationEventSchema } from '../../shared/contract/event.ts'
import { extensionRequestSchema, generationRequestSchema, generationSchema } from '../../shared/contract/generation.ts'
import { progressEventSchema } from '../../shared/contract/live-event.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { scoringAnswerSchema, scoringCallSchema } from '../../shared/contract/scoring.ts'
import { traceLineSchema } from '../../shared/contract/trace.ts'

const PUBLIC = { allowHttp: false, allowedCidrs: [] }

/** The context of cdk.json: settings that replace those of a stage. */
const stageContextSchema = z.strictObject({
  context: z.record(z.string().startsWith('rollover:'), z.record(z.string(), z.unknown())),
})

const parsed = (schema: z.ZodType) => (value: unknown) => {
  schema.parse(value)
}

/** Word -> a check that throws. */
export const JSON_SAMPLES: Readonly<Record<string, (value: unknown) => void>> = {
  'generation-request': parsed(generationRequestSchema(PUBLIC)),
  'extension-request': parsed(extensionRequestSchema(PUBLIC)),
  'batch-line': parsed(batchLineSchema(PUBLIC)),
  batch: parsed(batchSchema),
  generation: parsed(generationSchema),
  /** Some members of one, each as it is. */
  'generation-part': parsed(generationSchema.partial()),
  problem: parsed(problemSchema.strict()),
  'progress-event': parsed(progressEventSchema),
  event: parsed(z.union([generationEventSchema, batchEndedEventSchema, balanceLowEventSchema])),
  'trace-line': parsed(traceLineSchema),
  'scoring-call': parsed(scoringCallSchema),
  'scoring-answer': parsed(scoringAnswerSchema),
  'stage-settings': (value) => {
    readStage('dev', value)
  },
  'stage-context': (value) => {
    for (const [name, settings] of Object.entries(stageContextSchema.parse(value).context))
      readStage(name.replace('rollover:', ''), settings)
  },
}
