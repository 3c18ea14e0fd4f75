import { expect, test } from 'vitest'
import { readLink, writeLink } from '../src/state/link'
import { defaults, type Settings } from '../src/state/settings'

const settings: Settings = {
  ...defaults,
  model: 'owner/name/file.gguf',
  choice: {
    strategy: 'firstOf',
    options: {},
    parts: [
      { strategy: 'lookup', options: { tokens: 4 }, parts: [] },
      { strategy: 'medusa', options: { head: 'medusa', choices: [[0], [0, 0]] }, parts: [] },
    ],
  },
  prompt: 'A & B #1 = 100 %\n“two lines”',
  chat: true,
  maxTokens: 7,
  temperature: 0.85,
  topK: 40,
  topP: 0.9,
  seed: 4294967295,
  stop: ['the end', '#'],
}

test('a link holds every setting', () => {
  expect(readLink(writeLink(settings))).toEqual(settings)
})

test('a link of the second tab holds what is compared', () => {
  const comparison: Settings = {
    ...defaults,
    tab: 'compare',
    model: './other/',
    compared: settings.choice.parts,
    comparedPrompts: 'one\ntwo',
    comparedChat: false,
    comparedTokens: 9,
    comparedRepeats: 3,
    comparedCost: false,
  }
  expect(readLink(writeLink({ ...comparison, temperature: 1 }))).toEqual(comparison)
})

test('a link of the defaults is empty', () => {
  expect(writeLink(defaults)).toBe('')
  expect(readLink('')).toEqual(defaults)
})

test.each([
  'maxTokens=0',
  'maxTokens=1.5',
  'temperature=-1',
  'topP=2',
  'seed=x',
  'stop=[1]',
  'stop=[',
  'choice={"strategy":"no-such"}',
  'choice={"strategy":"firstOf","parts":[{"strategy":"no-such"}]}',
  'choice={"strategy":"lookup","options":[]}',
  'choice=null',
  'chat=maybe',
  'tab=third',
  'compared={}',
  'compared=[{"strategy":"no-such"}]',
  'comparedTokens=1',
  'constructor=1',
])('what a link holds in a wrong form is the default: %s', (wrong) => {
  expect(readLink(`#${wrong}&prompt=kept`)).toEqual({ ...defaults, prompt: 'kept' })
})
