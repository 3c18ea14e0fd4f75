import type { DeviceFacts } from '../../device'
import { repeat } from '../repeat'

interface Lanes {
  /** Lanes of a chunk: lane i works for row i mod `rows`. */
  readonly lanes: number
  readonly rows: number
  readonly group: number
}

/** Pieces of WGSL that bring the largest top0, top1, … of the lanes of a row to each: a maximum is exact, so its order is free. */
interface Largest {
  readonly enable: string
  readonly parameter: string
  readonly memory: string
  readonly find: string
}

/** Values of a row and head that one lane goes through, where there are no subgroups. */
const parts = 16

export function largest(
  { lanes, rows, group }: Lanes,
  device: Pick<DeviceFacts, 'subgroups' | 'minSubgroup'>,
): Largest {
  const queries = rows * group
  if (!device.subgroups) {
    const all = lanes / rows
    const few = Math.min(parts, all)
    return {
      enable: '',
      parameter: '',
      memory: `var<workgroup> tops: array<f32, ${all * queries}>; // [lane of a row, query]
var<workgroup> few: array<f32, ${few * queries}>;`,
      find: `
    ${repeat(group, (g) => `tops[at * ${queries}u + row * ${group}u + ${g}u] = top${g};`)}
    workgroupBarrier();
    for (var i = lane; i < ${few * queries}u; i += ${lanes}u) {
      var top = tops[i];
      for (var k = i + ${few * queries}u; k < ${all * queries}u; k += ${few * queries}u) { top = max(top, tops[k]); }
      few[i] = top;
    }
    workgroupBarrier();
    for (var i = 0u; i < ${few}u; i++) {
      ${repeat(group, (g) => `top${g} = max(top${g}, few[i * ${queries}u + row * ${group}u + ${g}u]);`)}
    }`,
    }
  }
  const smallest = Math.max(device.minSubgroup, rows)
  const distances = [1, 2, 4, 8, 16, 32, 64].filter((distance) => distance >= rows && distance < lanes)
  return {
    enable: 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);',
    parameter: ', @builtin(subgroup_size) width: u32',
    memory: `var<workgroup> tops: array<f32, ${Math.max(1, lanes / smallest) * queries}>; // [block of lanes, query]`,
    find: `
    ${repeat(distances.length, (i) => `if (width > ${distances[i]}u) { ${repeat(group, (g) => `top${g} = max(top${g}, subgroupShuffleXor(top${g}, ${distances[i]}u));`)} }`)}
    let block = min(max(width, ${rows}u), ${lanes}u);
    if (lane % block < ${rows}u) { ${repeat(group, (g) => `tops[(lane / block) * ${queries}u + row * ${group}u + ${g}u] = top${g};`)} }
    workgroupBarrier();
    for (var i = 0u; i < ${lanes}u / block; i++) {
      ${repeat(group, (g) => `top${g} = max(top${g}, tops[i * ${queries}u + row * ${group}u + ${g}u]);`)}
    }`,
  }
}
