import type { Ops, Pass, Tensor } from '@outrider/core'
import { INDEX } from '@outrider/core/spec'

const lanes = 64

/** Records a kernel over `rows` rows of `width` columns: `main` has `row` and `column` at hand. */
function overRows(
  ops: Ops,
  kernel: {
    readonly label: string
    readonly rows: number
    readonly width: number
    readonly bindings: readonly { readonly name: string; readonly type: 'f32' | 'u32'; readonly tensor: Tensor }[]
    /** Name of the binding that is written. */
    readonly writes: string
    readonly wgsl: string
    readonly reference: (views: readonly (Float32Array | Uint32Array)[]) => void
  },
): void {
  const { label, rows, width, bindings, writes, wgsl, reference } = kernel
  const declared = bindings.map(
    ({ name, type }, i) =>
      `@group(0) @binding(${i}) var<storage, ${name === writes ? 'read_write' : 'read'}> ${name}: array<${type}>;`,
  )
  ops.kernel({
    label: `mtp ${label}`,
    wgsl: /* wgsl */ `
${declared.join('\n')}
const width = ${width}u;
@compute @workgroup_size(${lanes})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y;
  if (column >= width) { return; }
  ${wgsl}
}`,
    tensors: bindings.map(({ name, tensor }) => ({ tensor, access: name === writes ? 'read_write' : 'read' })),
    workgroups: [Math.ceil(width / lanes), rows],
    reference,
  })
}

/** x[row, :] = 0 where the row's position is 0. x f32 [rows, width]. */
export function zeroFirst(ops: Ops, { x, pass }: { x: Tensor; pass: Pass }): void {
  const width = x.shape[1] as number
  const positions = INDEX.positions + pass.first
  overRows(ops, {
    label: 'zero first embedding',
    rows: pass.rows,
    width,
    bindings: [
      { name: 'x', type: 'f32', tensor: x },
      { name: 'index', type: 'u32', tensor: pass.index },
    ],
    writes: 'x',
    wgsl: `if (index[${positions}u + row] == 0u) { x[row * width + column] = 0.0; }`,
    reference: ([values, index]) => {
      for (let row = 0; row < pass.rows; row++)
        if (index?.[positions + row] === 0) values?.fill(0, row * width, (row + 1) * width)
    },
  })
}

/** Rows of states by their positions. */
export interface StatesAt {
  /** f32 [rows, width]: the states of the positions from `index[base]` on. */
  readonly x: Tensor
  /** u32 [INDEX.words]. */
  readonly index: Tensor
}

/**
 * out[row, :] = the state at position base + row of `index`, out of `from`; where that begins one later, row 0 is `before`.
 * before f32 [1, width], out f32 [rows, width].
 */
export function statesFrom(
  ops: Ops,
  args: {
    readonly from: StatesAt
    readonly before: Tensor
    readonly index: Tensor
    readonly out: Tensor
    readonly rows: number
  },
): void {
  const { from, before, index, out, rows } = args
  const width = out.shape[1] as number
  overRows(ops, {
    label: 'states by position',
    rows,
    width,
    bindings: [
      { name: 'x', type: 'f32', tensor: from.x },
      { name: 'start', type: 'u32', tensor: from.index },
      { name: 'before', type: 'f32', tensor: before },
      { name: 'index', type: 'u32', tensor: index },
      { name: 'out', type: 'f32', tensor: out },
    ],
    writes: 'out',
    wgsl: `
  let source = i32(index[${INDEX.base}] + row) - i32(start[${INDEX.base}]);
  if (source < 0) { out[row * width + column] = before[column]; }
  else { out[row * width + column] = x[u32(source) * width + column]; }`,
    reference: ([states, start, first, wanted, result]) => {
      for (let row = 0; row < rows; row++) {
        const source = (wanted?.[INDEX.base] as number) + row - (start?.[INDEX.base] as number)
        const values = source < 0 ? first : states?.subarray(source * width, (source + 1) * width)
        ;(result as Float32Array).set(values as Float32Array, row * width)
      }
    },
  })
}

/** out[to, :] = x[last row of the pass that is not padding, :]. x f32 [rows, width], out f32 [more than `to`, width]. */
export function putLast(ops: Ops, { x, pass, out, to }: { x: Tensor; pass: Pass; out: Tensor; to: number }): void {
  const width = x.shape[1] as number
  overRows(ops, {
    label: 'last row',
    rows: 1,
    width,
    bindings: [
      { name: 'x', type: 'f32', tensor: x },
      { name: 'index', type: 'u32', tensor: pass.index },
      { name: 'out', type: 'f32', tensor: out },
    ],
    writes: 'out',
    wgsl: `out[${to * width}u + column] = x[(max(index[${INDEX.rows}], 1u) - 1u) * width + column];`,
    reference: ([values, index, result]) => {
      const at = (Math.max(index?.[INDEX.rows] as number, 1) - 1) * width
      ;(result as Float32Array).set((values as Float32Array).subarray(at, at + width), to * width)
    },
  })
}

/** length[0] = the position after the last row of a pass. u32 [1]; index u32 [INDEX.words]. */
export function endOf(ops: Ops, { index, length }: { index: Tensor; length: Tensor }): void {
  overRows(ops, {
    label: 'end of pass',
    rows: 1,
    width: 1,
    bindings: [
      { name: 'index', type: 'u32', tensor: index },
      { name: 'length', type: 'u32', tensor: length },
    ],
    writes: 'length',
    wgsl: `length[0] = index[${INDEX.base}] + index[${INDEX.rows}];`,
    reference: ([words, end]) => {
      ;(end as Uint32Array)[0] = (words?.[INDEX.base] as number) + (words?.[INDEX.rows] as number)
    },
  })
}
