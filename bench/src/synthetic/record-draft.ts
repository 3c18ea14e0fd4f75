import type { Program, SessionView, Tensor } from '@outrider/core'

/** Records the copy of a chain from `drafts` u32 [positions] to the session's tree: row r gets what stands r behind the pending token. */
export function recordDraft({ backend, sequence, tree }: SessionView, drafts: Tensor, count: number): Program {
  return backend.program(`synthetic draft of ${count}`, (ops) =>
    ops.kernel({
      label: 'synthetic draft',
      wgsl: `@group(0) @binding(0) var<storage, read> drafts: array<u32>;
@group(0) @binding(1) var<storage, read> length: array<u32>;
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  if (lane < ${count}u) { tokens[lane + 1u] = drafts[min(length[0] + lane + 1u, arrayLength(&drafts) - 1u)]; }
}`,
      tensors: [
        { tensor: drafts, access: 'read' },
        { tensor: sequence.length, access: 'read' },
        { tensor: tree.tokens, access: 'read_write' },
      ],
      workgroups: [1],
      reference: ([table, length, tokens]) => {
        const [words, from, out] = [table as Uint32Array, length?.[0] as number, tokens as Uint32Array]
        for (let row = 1; row <= count; row++) out[row] = words[Math.min(from + row, words.length - 1)] as number
      },
    }),
  )
}
