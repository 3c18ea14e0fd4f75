import { UsageError } from '@outrider/example-02-compare/strategies'

/**
 * Which of an endpoint's models is the one here: the one that was named, else the only one, if its name and the folder's have a word in
 * common. Throws `UsageError`.
 */
export function servedModel(models: readonly string[], named: string | null, model: string): string {
  const list = models.join(', ') || 'none'
  if (named !== null) {
    if (models.includes(named)) return named
    throw new UsageError(`the endpoint does not serve ${named}; it serves ${list}`)
  }
  const [only] = models
  if (only === undefined || models.length > 1)
    throw new UsageError(`name the endpoint's model with --served; it serves ${list}`)
  if (same(only, model)) return only
  throw new UsageError(
    `the endpoint serves ${only}, and the model here is ${model}: other weights write other texts. Name it with --model, or say with --served '${only}' that they are the same`,
  )
}

/** Whether one's last part is in the other's: `stories-5m` and `/models/stories-5m`, `owner/Name-Instruct` and `name-instruct.gguf`. */
function same(served: string, model: string): boolean {
  const [a, b] = [served, model].map((name) =>
    (
      name
        .replace(/[/\\]+$/, '')
        .split(/[/\\]/)
        .at(-1) ?? ''
    )
      .replace(/\.(gguf|safetensors)$/i, '')
      .toLowerCase(),
  ) as [string, string]
  return a !== '' && b !== '' && (a.includes(b) || b.includes(a))
}
