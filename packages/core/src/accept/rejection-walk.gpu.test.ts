import { type Backend, samplingWords } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { NO_TOKEN, OUTCOME } from '@outrider/core/spec'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JudgedLanes, RejectionLanes } from '../../test/support/rejection-lanes'
import { randomNumbers } from '../../test/support/strategies'

let device: Backend
const reference = referenceBackend()

beforeAll(async () => {
  device = await webgpu()
})

afterAll(() => {
  expect(device.stats.liveBytes).toBe(0)
  device.dispose()
})

interface Case {
  readonly vocab: number
  readonly rows: number
  readonly lanes: number
  readonly seed: number
  readonly temperature?: number
}

const cases: readonly Case[] = [
  ...[1, 2, 3, 4].map((seed) => ({ vocab: 8, rows: 6, lanes: 100, seed })),
  ...[1, 2].map((seed) => ({ vocab: 37, rows: 1, lanes: 50, seed })),
  ...[1, 2, 3, 4].map((seed) => ({ vocab: 37, rows: 17, lanes: 50, seed })),
  ...[1, 2].map((seed) => ({ vocab: 300, rows: 9, lanes: 50, seed })),
  ...[1, 2].map((seed) => ({ vocab: 1031, rows: 64, lanes: 30, seed })),
  ...[1, 2].map((seed) => ({ vocab: 5000, rows: 12, lanes: 20, seed })),
  ...[1, 2].map((seed) => ({ vocab: 300, rows: 12, lanes: 30, seed, temperature: 0 })),
]

/** Tokens that q draws or, of rows without, likely ones; a fifth of the vocabulary has no mass. */
function drawCase({ vocab, rows, lanes, seed, temperature = 1 }: Case): Drawn {
  const below = randomNumbers(seed)
  const parents = Array.from({ length: rows - 1 }, (_, node) => below(Math.min(node + 1, 6)) - 1)
  const normal = () => (below(1000) + below(1000) + below(1000)) / 500 - 3
  const logits = Float32Array.from({ length: rows * vocab }, () => (below(5) === 0 ? -Infinity : 4 * normal()))
  const drawn = Float32Array.from(logits, (logit) => (below(7) === 0 ? -Infinity : logit + 2 * normal()))
  const said = Uint32Array.from({ length: rows }, () => below(2))
  const tokens = new Uint32Array(lanes * rows)
  for (let lane = 0; lane < lanes; lane++) {
    const rest = drawn.slice()
    parents.forEach((parent, node) => {
      const row = rest.subarray((parent + 1) * vocab, (parent + 2) * vocab)
      const noisy = row.map((logit) => logit - Math.log(-Math.log((below(1e6) + 0.5) / 1e6)))
      const best = noisy.indexOf(noisy.reduce((a, b) => Math.max(a, b)))
      tokens[lane * rows + node + 1] = row[best] === -Infinity ? NO_TOKEN : best
      row[best] = -Infinity
    })
  }
  const params = samplingWords({ temperature, seed })
  return { parents, judged: { tokens, logits, drawn, said, params, length: 40 } }
}

interface Drawn {
  readonly parents: readonly number[]
  readonly judged: JudgedLanes
}

test('kernels judge as the rule on the host does, but for numbers within rounding of a limit', async () => {
  let [all, kept, apart] = [0, 0, 0]
  for (const each of cases) {
    const { parents, judged } = drawCase(each)
    const run = async (backend: Backend) => {
      const lanes = new RejectionLanes(backend, { ...each, parents })
      try {
        return await lanes.judge(judged)
      } finally {
        lanes.dispose()
      }
    }
    const [found, expected] = [await run(device), await run(reference)]
    expected.forEach((outcome, lane) => {
      const accepted = outcome[OUTCOME.accepted] as number
      const same = (words: Uint32Array) => [
        ...words.subarray(0, 3),
        ...words.subarray(OUTCOME.path, OUTCOME.path + accepted + 1),
        ...words.subarray(OUTCOME.tokens, OUTCOME.tokens + accepted + 1),
      ]
      all++
      kept += accepted
      if (`${same(found[lane] as Uint32Array)}` !== `${same(outcome)}`) apart++
    })
  }
  expect(kept).toBeGreaterThan(all / 2)
  expect(apart).toBeLessThanOrEqual(1)
})
