import { Owned } from '../owned'
import { referenceBackend } from '../reference'
import { samplingWords, threefry } from '../sample'
import type { AcceptanceRule, Backend } from '../spec'
import { INDEX, MAX_TREE_ROWS, SAMPLING } from '../spec'
import { createEngine } from '../wiring'
import { type MakeBackend, onBench, prompts } from './bench'
import type { Check } from './harness'
import { tinyLoad, tinyModels } from './tiny-host'

/** What a backend computes, against plain loops. */
export function arithmeticChecks(make: MakeBackend): readonly Check[] {
  return [
    { name: "logits are the reference backend's", faults: () => logitFaults(make) },
    { name: "draws are the reference backend's", faults: () => drawFaults(make) },
    { name: 'a row has the same bits in passes of every size', faults: () => bitFaults(make) },
  ]
}

/** Largest error of a logit, by the largest logit: keys and values may be kept in f16. */
const tolerance = 0.01

async function logitFaults(make: MakeBackend): Promise<readonly string[]> {
  const faults: string[] = []
  for (const prompt of prompts) {
    const [found, wanted] = [await lastLogits(make, prompt), await lastLogits(referenceBackend, prompt)]
    const size = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const error = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] as number))), 0) / size
    if (!(error <= tolerance))
      faults.push(
        `arithmetic: after ${prompt.length} tokens logits are off by ${error.toExponential(1)} of the largest, more than ${tolerance}: compare op by op with the reference backend`,
      )
  }
  return faults
}

/** Logits after a prompt: f32 [vocab]. */
async function lastLogits(make: MakeBackend, prompt: readonly number[]): Promise<Float32Array> {
  let last = new Float32Array()
  const reading: AcceptanceRule = {
    specVersion: 1,
    name: 'reading',
    guarantee: 'lossy',
    host: {
      decide: ({ logits }) => {
        last = logits(0).slice()
        return { path: [], next: 0 }
      },
    },
  }
  await onBench(make, {}, ({ complete }) => complete(prompt, { acceptance: reading, maxTokens: 1 }))
  return last
}

async function drawFaults(make: MakeBackend): Promise<readonly string[]> {
  const [found, wanted] = [await draws(make), await draws(referenceBackend)]
  const off = wanted.filter((id, row) => id !== found[row]).length
  return off === 0
    ? []
    : [
        `noise: ${off} of ${wanted.length} draws differ from the reference backend's: ops.sample adds the noise of noiseWgsl`,
      ]
}

const rows = 64
const vocab = 50

/** A draw for each row of fixed logits, the rows at consecutive positions. */
async function draws(make: MakeBackend): Promise<readonly number[]> {
  const backend = await make()
  const owned = new Owned()
  try {
    return await drawOn(backend, owned)
  } finally {
    owned.dispose()
    backend.dispose()
  }
}

async function drawOn(backend: Backend, owned: Owned): Promise<readonly number[]> {
  const words = (count: number) => owned.add(backend.tensor([count], 'u32', 'conformance'))
  const [index, tokens, params, counts, out] = [
    words(INDEX.words),
    words(MAX_TREE_ROWS),
    words(SAMPLING.words),
    words(vocab),
    words(rows),
  ]
  const logits = owned.add(backend.tensor([rows, vocab], 'f32', 'conformance'))
  const bias = owned.add(backend.tensor([vocab], 'f32', 'conformance'))
  const each = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i))
  backend.write(index, Uint32Array.of(100, rows))
  backend.write(index, Uint32Array.from(each(rows, (row) => 100 + row)), INDEX.positions)
  backend.write(params, samplingWords({ temperature: 1, seed: 77 }))
  backend.write(logits, Float32Array.from(each(rows * vocab, (i) => threefry([i, 0, 0, 0], [5, 0, 0, 0])[0] / 2 ** 30)))
  const program = owned.add(
    backend.program('conformance', (ops) =>
      ops.sample({ logits, vocab, pass: { rows, first: 0, tokens, index }, sampling: { params, counts, bias }, out }),
    ),
  )
  const [bytes] = await backend.submit([program], [out])
  return [...new Uint32Array(bytes as ArrayBuffer)]
}

async function bitFaults(make: MakeBackend): Promise<readonly string[]> {
  const backend = await make()
  try {
    const engine = await createEngine({ backend, model: tinyModels.target, capacity: 128, load: tinyLoad() })
    const { exact } = engine
    await engine.dispose()
    return exact
      ? []
      : [
          'invariance: a row has other bits in a pass of another size: every op keeps one order of sums for a row, whatever the number of rows',
        ]
  } finally {
    backend.dispose()
  }
}
