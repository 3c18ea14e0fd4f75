import { type Answer, answer, type Question } from './answer'

declare global {
  /** Runs a command in the page's own thread or in its worker. */
  var ask: (where: 'page' | 'worker', question: Omit<Question, 'id'>) => Promise<Answer>
}

const worker = new Worker('./worker.js', { type: 'module' })
const waiting = new Map<number, (answer: Answer) => void>()
worker.addEventListener('message', ({ data }: MessageEvent<{ readonly id: number; readonly answer: Answer }>) => {
  waiting.get(data.id)?.(data.answer)
  waiting.delete(data.id)
})
let questions = 0

globalThis.ask = (where, question) => {
  if (where === 'page') return answer(question)
  const id = questions++
  worker.postMessage({ ...question, id })
  return new Promise((resolve) => waiting.set(id, resolve))
}
