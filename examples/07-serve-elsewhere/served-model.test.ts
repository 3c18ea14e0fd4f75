import { expect, test } from 'vitest'
import { servedModel } from './served-model'

test.each([
  ['stories-5m', './models/stories-5m'],
  ['/srv/models/stories-5m/', '/work/models/stories-5m'],
  ['HuggingFaceTB/SmolLM2-135M-Instruct', '/gguf/smollm2-135m-instruct.gguf'],
  ['stories-5m-f16', 'stories-5m'],
])('%s is %s', (served, model) => {
  expect(servedModel([served], null, model)).toBe(served)
})

test.each([
  ['stories-5m', './models/stories-5m/draft'],
  ['', 'stories-5m'],
])('%s is not %s', (served, model) => {
  expect(() => servedModel([served], null, model)).toThrow('other weights write other texts')
})
