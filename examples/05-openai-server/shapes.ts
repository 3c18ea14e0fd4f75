import { chatLogProbs, completionLogProbs } from './log-probs'
import { finishReason, type Shape } from './shape'

/** /v1/chat/completions: a role first, then pieces of the content, then why it ended. */
export const chatShape: Shape = {
  prefix: 'chatcmpl',
  object: 'chat.completion',
  chunkObject: 'chat.completion.chunk',
  choice: ({ text, tokens, finish }, index, { logProbs }, { tokenizer }) => ({
    index,
    message: { role: 'assistant', content: text, refusal: null },
    logprobs: logProbs === null ? null : chatLogProbs(tokens, tokenizer),
    finish_reason: finishReason(finish),
  }),
  chunks: ({ choice: index, first, text, tokens, finish }, _before, { logProbs }, { tokenizer }) => {
    const piece = (delta: object, logprobs: object | null, finish_reason: string | null) => ({
      index,
      delta,
      logprobs,
      finish_reason,
    })
    const told = logProbs === null ? null : chatLogProbs(tokens, tokenizer)
    return [
      ...(first ? [piece({ role: 'assistant', content: '', refusal: null }, null, null)] : []),
      ...(text !== '' || (told && tokens.length > 0) ? [piece({ content: text }, told, null)] : []),
      ...(finish ? [piece({}, null, finishReason(finish))] : []),
    ]
  },
}

/** /v1/completions. */
export const completionShape: Shape = {
  prefix: 'cmpl',
  object: 'text_completion',
  chunkObject: 'text_completion',
  choice: ({ text, tokens, finish }, index, { logProbs }, { tokenizer }) => ({
    index,
    text,
    logprobs: logProbs === null ? null : completionLogProbs(tokens, tokenizer, 0),
    finish_reason: finishReason(finish),
  }),
  chunks: ({ choice: index, text, tokens, finish }, before, { logProbs }, { tokenizer }) => {
    const logprobs = logProbs === null ? null : completionLogProbs(tokens, tokenizer, before)
    if (text === '' && !(logprobs && tokens.length > 0) && !finish) return []
    return [{ index, text, logprobs, finish_reason: finish && finishReason(finish) }]
  },
}
