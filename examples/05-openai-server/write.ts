import type { Delta } from './answer'
import type { ApiError } from './api-error'
import type { Asked, Served } from './asked'
import { type Choice, head, type Shape, UsageCount } from './shape'

/** A whole answer as one object. Throws what the deltas throw. */
export async function whole(deltas: AsyncIterable<Delta>, shape: Shape, asked: Asked, served: Served): Promise<object> {
  const usage = new UsageCount(asked)
  const choices: object[] = []
  let soFar: Pick<Choice, 'text' | 'tokens'> = { text: '', tokens: [] }
  for await (const { choice, text, tokens, finish } of deltas) {
    soFar = { text: soFar.text + text, tokens: [...soFar.tokens, ...tokens] }
    if (!finish) continue
    usage.add(choice, finish)
    choices.push(shape.choice({ ...soFar, finish }, choice, asked, served))
    soFar = { text: '', tokens: [] }
  }
  return { ...head(shape, shape.object, served), choices, usage: usage.usage }
}

/** An answer as server-sent events. An error comes as the last of them, in place of `[DONE]`. */
export async function* events(
  deltas: AsyncIterable<Delta>,
  shape: Shape,
  asked: Asked,
  { served, told }: { readonly served: Served; readonly told: (error: unknown) => ApiError },
): AsyncGenerator<string, void, void> {
  const begin = head(shape, shape.chunkObject, served)
  const usage = new UsageCount(asked)
  let before = 0
  try {
    for await (const delta of deltas) {
      const { choice, first, text, finish } = delta
      if (first) before = 0
      for (const piece of shape.chunks(delta, before, asked, served))
        yield event({ ...begin, choices: [piece], ...(asked.streamUsage && { usage: null }) })
      before += text.length
      if (finish) usage.add(choice, finish)
    }
    if (asked.streamUsage) yield event({ ...begin, choices: [], usage: usage.usage })
    yield 'data: [DONE]\n\n'
  } catch (error) {
    yield event(told(error).body)
  }
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

/**
 * The texts as they come, also where the client reads slowly: an answer is small, and no session is held for it. `hungUp` hears of a
 * client that leaves, and has to end the texts.
 */
export function stream(texts: AsyncIterable<string>, hungUp: () => void): ReadableStream<Uint8Array> {
  const utf8 = new TextEncoder()
  let left = false
  const pump = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    for await (const text of texts) if (!left) controller.enqueue(utf8.encode(text))
    if (!left) controller.close()
  }
  return new ReadableStream({
    start(controller) {
      pump(controller).catch((error) => controller.error(error))
    },
    cancel() {
      left = true
      hungUp()
    },
  })
}
