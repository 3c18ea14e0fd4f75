import { answer, type Question } from './answer'

addEventListener('message', async ({ data }: MessageEvent<Question>) => {
  postMessage({ id: data.id, answer: await answer(data) })
})
