import type { Constraint } from '@outrider/core'
import { jsonSchema } from '@outrider/structured-output'
import { z } from 'zod'
import { apiErrorOf } from './api-error'

/** `response_format`. The text is held to a schema whether `strict` or not. */
export const responseFormat = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({
      type: z.literal('json_schema'),
      json_schema: z.strictObject({
        name: z.string(),
        description: z.string().nullish(),
        schema: z.record(z.string(), z.unknown()),
        strict: z.boolean().nullish(),
      }),
    }),
  ],
  'must be of type text, json_object or json_schema',
)

/** What the text is held to. Throws `ApiError` 400 for a schema that cannot be held to. */
export function constraintOf(format: z.infer<typeof responseFormat> | null | undefined): Constraint | null {
  if (!format || format.type === 'text') return null
  try {
    return jsonSchema(format.type === 'json_schema' ? format.json_schema.schema : { type: 'object' })
  } catch (error) {
    throw apiErrorOf(error, 'response_format')
  }
}
