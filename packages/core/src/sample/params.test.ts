import { expect, test } from 'vitest'
import { SAMPLING, samplingWords } from './params'

test('nothing chosen is zeros, which is greedy decoding', () => {
  expect(samplingWords({})).toEqual(new Uint32Array(SAMPLING.words))
})

test('each choice has its place', () => {
  const words = samplingWords({
    temperature: 0.7,
    topK: 40,
    topP: 0.9,
    minP: 0.05,
    typicalP: 0.8,
    repetition: 1.1,
    presence: -0.5,
    frequency: 0.25,
    biased: true,
    seed: Number.MAX_SAFE_INTEGER - 4,
    sequence: 0xfffffffe,
  })
  const floats = new Float32Array(words.buffer)
  const at = (name: keyof typeof SAMPLING): number => floats[SAMPLING[name]] as number
  expect([at('temperature'), at('topP'), at('minP'), at('typicalP')]).toEqual([0.7, 0.9, 0.05, 0.8].map(Math.fround))
  expect([at('repetition'), at('presence'), at('frequency')]).toEqual([Math.fround(1.1), -0.5, 0.25])
  expect([words[SAMPLING.topK], words[SAMPLING.biased], words[SAMPLING.sequence]]).toEqual([40, 1, 0xfffffffe])
  expect([words[SAMPLING.seedLow], words[SAMPLING.seedHigh]]).toEqual([0xfffffffb, 0x1fffff])
})
