import { gumbelOf, noiseWgsl, noiseWords, threefry, uniformOf, type Words4 } from '@outrider/core'
import { expect, test } from 'vitest'
import { againstReference } from './against-reference'
import { run, type Work } from './run'
import { random } from './weight-source'

const both = againstReference()
const hex = (text: string): readonly number[] => text.split(' ').map((word) => Number.parseInt(word, 16))

/** What `body` makes of each eight words of `input`, four words; on the reference `onHost` does. */
function work(input: readonly number[], body: string, onHost: (words: readonly number[]) => readonly number[]): Work {
  const cases = input.length / 8
  return {
    tensors: {
      input: { shape: [input.length], dtype: 'u32', data: Uint32Array.from(input) },
      out: { shape: [4 * cases], dtype: 'u32' },
    },
    read: ['out'],
    record: (ops, t) =>
      ops.kernel({
        label: 'noise',
        wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
${noiseWgsl}
fn wordsAt(at: u32) -> vec4u { return vec4u(input[at], input[at + 1u], input[at + 2u], input[at + 3u]); }
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= ${cases}u) { return; }
  let a = wordsAt(8u * i);
  let b = wordsAt(8u * i + 4u);
  var made = vec4u();
  ${body}
  for (var j = 0u; j < 4u; j++) { out[4u * i + j] = made[j]; }
}`,
        tensors: [
          { tensor: t('input'), access: 'read' },
          { tensor: t('out'), access: 'read_write' },
        ],
        workgroups: [Math.ceil(cases / 64)],
        reference: ([words, out]) => {
          for (let i = 0; i < cases; i++) out!.set(onHost([...words!.subarray(8 * i, 8 * i + 8)]), 4 * i)
        },
      }),
  }
}

const first = (words: readonly number[]): Words4 => words.slice(0, 4) as unknown as Words4
const second = (words: readonly number[]): Words4 => words.slice(4) as unknown as Words4

test('the known answers of Random123', async () => {
  const ones = 'ffffffff ffffffff ffffffff ffffffff'
  const input = [
    ...hex('0 0 0 0 0 0 0 0'),
    ...hex(`${ones} ${ones}`),
    ...hex('243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 082efa98 ec4e6c89'),
  ]
  const [out] = await both.same(work(input, 'made = threefry(a, b);', (words) => threefry(first(words), second(words))))
  expect([...out!]).toEqual([
    ...hex('9c6ca96a e17eae66 fc10ecd4 5256a7d8'),
    ...hex('2a881696 57012287 f6c7446e a16a6732'),
    ...hex('59cd1dbb b8879579 86b5d00c ac8b6d84'),
  ])
})

test('the words of tokens at positions are the host’s', async () => {
  const next = random(5)
  const input = Array.from({ length: 8 * 500 }, () => Math.floor(next() * 2 ** 32))
  const [out] = await both.same(
    work(
      input,
      'made = noiseWords(a, b.x, b.y); made.w = noiseWord(a, b.x, b.z);',
      ([seedLow = 0, seedHigh = 0, sequence = 0, stream = 0, position = 0, block = 0, id = 0]) => {
        const key = { seedLow, seedHigh, sequence, stream }
        const [x, y, z] = noiseWords(key, position, block)
        return [x, y, z, noiseWords(key, position, id >>> 2)[id & 3]!]
      },
    ),
  )
  expect(new Set(out).size).toBe(2000)
})

/** Words of every size, the ends and the places where shifts begin among them. */
const sizes = Array.from({ length: 33 }, (_, bits) => 2 ** bits).flatMap((word) => [word - 1, word, word + 1])
const next = random(9)
const samples = [...sizes.filter((word) => word < 2 ** 32), ...Array.from({ length: 4000 }, () => next() * 2 ** 32)]
  .map(Math.floor)
  .flatMap((word) => [word, 0, 0, 0, 0, 0, 0, 0])

test('a word as a number in (0, 1) has the host’s bits', async () => {
  const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!
  await both.same(
    work(samples, 'made.x = bitcast<u32>(uniformOf(a.x));', ([word = 0]) => [bitsOf(uniformOf(word)), 0, 0, 0]),
  )
})

test('a word as Gumbel noise is near the host’s', async () => {
  const [out] = await run(
    both.device,
    work(samples, 'made.x = bitcast<u32>(gumbelOf(a.x));', () => []),
  )
  const values = new Float32Array(out!.buffer)
  for (let i = 0; i < samples.length / 8; i++)
    expect(Math.abs(values[4 * i]! - gumbelOf(samples[8 * i]!)), `word ${samples[8 * i]}`).toBeLessThan(5e-6)
})
