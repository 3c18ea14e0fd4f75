import { type Engine, type Finish, type Ops, Owned, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { engineOn } from './support/engines'
import { queuedBackend } from './support/queued-backend'
import { strategyOf } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'
import { tinyTemplate } from './support/tiny-tokenizer'

const folder = await writeTinyModel({ seed: 2, alphabet: 'ascii', chatTemplate: tinyTemplate })
const plain = await engineOn(folder)
const prompt = [41, 52, 60]
const { ids } = await plain.complete(prompt, { maxTokens: 60, ignoreEos: true })

/** Proposes three tokens of `text` each round on the device: where there is another text at a position, wrong ones. */
function knowing(text: readonly number[]): Strategy {
  return strategyOf('knowing', ({ backend, sequence, tree }) => {
    const owned = new Owned()
    const known = owned.add(backend.tensor([text.length], 'u32', 'known text'))
    backend.write(known, Uint32Array.from(text))
    const program = owned.add(
      backend.program('go on', (ops: Ops) =>
        ops.kernel({
          label: 'go on',
          wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read> known: array<u32>;
@group(0) @binding(1) var<storage, read> length: array<u32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;
@compute @workgroup_size(3)
fn main(@builtin(local_invocation_index) lane: u32) { tokens[lane + 1u] = known[length[0] + lane + 1u]; }`,
          tensors: [
            { tensor: known, access: 'read' },
            { tensor: sequence.length, access: 'read' },
            { tensor: tree.tokens, access: 'read_write' },
          ],
          workgroups: [1],
          reference: ([all, length, tokens]) => {
            const next = (length?.[0] as number) + 1
            tokens?.set((all as Uint32Array).subarray(next, next + 3) as never, 1)
          },
        }),
      ),
    )
    const parents = [-1, 0, 1]
    return {
      ahead: true,
      propose: ({ nodes, depth }) => (Math.min(nodes, depth) < 3 ? null : { programs: [program], nodes: 3, parents }),
      dispose: () => owned.dispose(),
    }
  })
}

const right = [...prompt, ...ids]
const wrong = right.map((id) => (id + 1) % 60)

async function run(text: readonly number[], maxTokens: number, capacity?: number) {
  const queued = queuedBackend(referenceBackend())
  const engine = await engineOn(folder, {
    backend: queued.backend,
    strategies: [knowing(text)],
    ...(capacity !== undefined && { capacity }),
  })
  queued.restart()
  const result = await engine.complete(prompt, { strategy: 'knowing', maxTokens, ignoreEos: true })
  expect(result.ids).toEqual(ids.slice(0, result.ids.length))
  return { ...result, events: queued.events.join(' ') }
}

test('the last rounds are begun ahead, too; what they commit beyond the end is left out', async () => {
  const { ids: found, reason, stats, events } = await run(right, 10)
  expect({ count: found.length, reason }).toEqual({ count: 10, reason: 'length' })
  // The first submission is the prompt's; each round commits four tokens.
  expect(events).toBe('+1 -1 +2 +3 -2 +4 -3 -4')
  expect(stats).toMatchObject({ rounds: 3, tokens: 12, submits: 4 })
})

test.each(Array.from({ length: 14 }, (_, i) => i + 1))('maxTokens %i gives as many tokens', async (maxTokens) => {
  for (const text of [right, wrong]) {
    const { ids: found, reason, stats } = await run(text, maxTokens)
    expect({ count: found.length, reason }).toEqual({ count: maxTokens, reason: 'length' })
    // No round is begun in vain.
    expect(stats.submits).toBe(stats.rounds + 1)
  }
})

test('nothing goes beyond the capacity', async () => {
  for (const room of [1, 4, 7, 8, 9, 10]) {
    const { ids: found, reason } = await run(right, 40, prompt.length + room)
    expect({ count: found.length, reason }).toEqual({ count: room, reason: 'length' })
  }
})

test('a chat goes on behind tokens that were left out as one that had none', async () => {
  const chat = async (engine: Engine, strategy: string, lengths: readonly number[]) => {
    const session = engine.session({ strategy })
    const finishes: Finish[] = []
    for (const maxTokens of lengths)
      for await (const { finish } of session.send('who are you?', { maxTokens, ignoreEos: true }))
        if (finish) finishes.push(finish)
    session.dispose()
    return finishes
  }
  const [long] = await chat(plain, 'plain', [20])
  const { ids: answer, usage } = long as Finish
  const text = [...new Array<number>(usage.promptTokens).fill(0), ...answer]
  const wanted = await chat(plain, 'plain', [10, 7])
  const found = await chat(await engineOn(folder, { strategies: [knowing(text)] }), 'knowing', [10, 7])
  expect(found.map(({ ids }) => ids)).toEqual(wanted.map(({ ids }) => ids))
  expect(found[0]?.stats).toMatchObject({ rounds: 3, tokens: 12 })
})
