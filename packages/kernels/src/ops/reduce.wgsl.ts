import type { DeviceFacts } from '../device'

/** Pieces of WGSL for a sum over a workgroup. */
export interface Reduction {
  /** Goes to the head of the module. */
  readonly enable: string
  /** Goes behind the other parameters of `main`, a comma first. */
  readonly parameter: string
  /** Goes to module scope: `fn workgroupSum(value: f32, lane: u32, width: u32) -> f32`, called from uniform control flow. */
  readonly functions: string
}

/**
 * The sum over the lanes of a one-dimensional workgroup, given to each. Lanes are combined at the distances 1, 2, 4, …
 * (a butterfly), by shuffles inside a subgroup and through workgroup memory from there on, or all the way through workgroup
 * memory: the same tree, hence the same bits, whatever the subgroup's size. `width` is the subgroup's size, 1 without.
 */
export function workgroupSum(
  device: Pick<DeviceFacts, 'subgroups' | 'minSubgroup'>,
  size: 64 | 128 | 256 | 512 | 1024,
): Reduction {
  const stages = memoryStages(size, device.subgroups ? device.minSubgroup : 1)
  const shuffles = device.subgroups ? distances(1, Math.min(size, 128)).map(shuffle).join('\n') : ''
  const memory = stages.map(({ radix, distance }, i) => memoryStage(i, radix, distance)).join('\n')
  const arrays = stages.map(({ distance }, i) => `var<workgroup> sums${i}: array<f32, ${size / distance}>;`).join('\n')
  return {
    enable: device.subgroups ? 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);' : '',
    parameter: device.subgroups ? ', @builtin(subgroup_size) width: u32' : '',
    functions: `
${device.subgroups ? '' : 'const width = 1u;'}
${arrays}
fn workgroupSum(value: f32, lane: u32, width: u32) -> f32 {
  var sum = value;
${shuffles}
${stages.length === 1 ? '  workgroupBarrier(); // an earlier sum may still be read' : ''}
${memory}
  return sum;
}`,
  }
}

function distances(from: number, below: number): number[] {
  return from < below ? [from, ...distances(from * 2, below)] : []
}

function shuffle(distance: number): string {
  return `  if (width > ${distance}u) { sum += subgroupShuffleXor(sum, ${distance}u); }`
}

/** Stages that combine up to 8 values each; those that every subgroup covers are left out. */
function memoryStages(size: number, smallest: number): { radix: number; distance: number }[] {
  const stages: { radix: number; distance: number }[] = []
  for (let distance = 1; distance < size; distance *= 8) {
    const radix = Math.min(8, size / distance)
    if (distance * radix > smallest) stages.push({ radix, distance })
  }
  return stages
}

/**
 * Lanes at a multiple of `distance` leave the sum of their block, then every lane combines its `radix` blocks pairwise.
 * Blocks that the subgroup has combined already hold equal sums, of which one is kept.
 */
function memoryStage(stage: number, radix: number, distance: number): string {
  const lines: string[] = []
  let names = Array.from({ length: radix }, (_, i) => `s${stage}_1_${i}`)
  lines.push(...names.map((name, i) => `  let ${name} = sums${stage}[block${stage} + ${i}u];`))
  for (let step = 1; step < radix; step *= 2) {
    const next: string[] = []
    for (let i = 0; i < names.length; i += 2) {
      const name = `s${stage}_${step * 2}_${i / 2}`
      const [a, b] = [names[i], names[i + 1]]
      lines.push(`  let ${name} = select(${a} + ${b}, ${a}, width > ${distance * step}u);`)
      next.push(name)
    }
    names = next
  }
  return `
  if ((lane & ${distance - 1}u) == 0u) { sums${stage}[lane / ${distance}u] = sum; }
  workgroupBarrier();
  let block${stage} = (lane / ${distance * radix}u) * ${radix}u;
${lines.join('\n')}
  sum = ${names[0]};`
}
