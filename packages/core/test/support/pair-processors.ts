import type { LogitsProcessor } from '@outrider/core'
import { INDEX, MAX_PATH } from '@outrider/core/spec'

/** Nats that the last token but one loses, and those that a token gains which the last two decide over. */
const loss = 8
const gain = 1.5

/** Changes logits by the last two tokens before them, on the host. */
export const pairsOnHost: LogitsProcessor = {
  specVersion: 1,
  name: 'pairs on the host',
  host: {
    process: ({ logits, tokens }) => {
      const [before, last] = tokens.slice(-2) as [number, number]
      const favoured = (last + before) % logits.length
      logits[before] = (logits[before] as number) - loss
      logits[favoured] = (logits[favoured] as number) + gain
    },
  },
}

/** Does the same on the device, each row by its own path. */
export const pairsOnDevice: LogitsProcessor = {
  specVersion: 1,
  name: 'pairs on the device',
  device: {
    start: () => ({
      record: (ops, { logits, pass, vocab, sequence }) =>
        ops.kernel({
          label: 'pairs',
          wgsl: /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;
@group(0) @binding(3) var<storage, read> history: array<u32>;
fn token(row: u32, back: u32) -> u32 {
  let position = index[${INDEX.positions}u + row];
  let depth = position - index[${INDEX.base}u];
  if (back > depth) { return history[position - back]; }
  return tokens[index[${INDEX.paths}u + row * ${MAX_PATH}u + depth - back]];
}
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) at: vec3u) {
  if (at.x >= index[${INDEX.rows}u]) { return; }
  let before = token(at.x, 1u);
  let favoured = (token(at.x, 0u) + before) % ${vocab}u;
  logits[at.x * ${vocab}u + before] -= ${loss}.0;
  logits[at.x * ${vocab}u + favoured] += ${gain};
}`,
          tensors: [
            { tensor: logits, access: 'read_write' },
            { tensor: pass.index, access: 'read' },
            { tensor: pass.tokens, access: 'read' },
            { tensor: sequence.history, access: 'read' },
          ],
          workgroups: [pass.rows],
          reference: ([values, index, tokens, history]) => {
            const all = values as Float32Array
            const word = (at: number) => index?.[at] as number
            for (let row = 0; row < word(INDEX.rows); row++) {
              const position = word(INDEX.positions + row)
              const depth = position - word(INDEX.base)
              const token = (back: number): number =>
                (back > depth
                  ? history?.[position - back]
                  : tokens?.[word(INDEX.paths + row * MAX_PATH + depth - back)]) as number
              const before = row * vocab + token(1)
              const favoured = row * vocab + ((token(0) + token(1)) % vocab)
              all[before] = (all[before] as number) - loss
              all[favoured] = (all[favoured] as number) + gain
            }
          },
        }),
    }),
  },
}
