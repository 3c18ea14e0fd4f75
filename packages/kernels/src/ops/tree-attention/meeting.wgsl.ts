import { repeat } from '../repeat'
import { chunksOfSpan, keysOf, partWords } from './form'
import { owned } from './owned-sums.wgsl'
import type { Parts } from './parts.wgsl'

/**
 * Where workgroups meet that share keys: what each has found, and how many are done. Nothing orders one word of another workgroup
 * behind another, so that a word is 0 until it has come, and is 0 again once it was taken: who is last waits for words that were
 * stored by those who have counted, and for no workgroup that has yet to begin.
 */
export const meetingWgsl = /* wgsl */ `
@group(0) @binding(6) var<storage, read_write> met: array<atomic<u32>>; // [rows, heads, parts, (element, vector), peak, weight], then [row tiles, groups of heads]
var<workgroup> done: u32;
fn leave(at: u32, value: f32) {
  let bits = ~bitcast<u32>(value);
  atomicStore(&met[at], select(bits, 1u, bits == 0u));
}`

/**
 * Leaves what a workgroup has found of its part of the keys, if there are others; the last one to do so goes on with what all
 * have found, merged in their order: the chunks of a span, then the spans.
 */
export function meet(parts: Parts): string {
  const { reach, group, vectors, head, headDim } = parts
  const keys = keysOf(reach)
  const words = partWords(headDim)
  const left = owned(
    parts,
    (n) => `${place(parts)}
      if (wg.z < seen) {
        let at = place + wg.z * ${words}u;
        ${head.components.map((c, i) => `leave(at + vector + ${i * vectors}u, all${n}.o.${c});`).join(' ')}
        if (vector == 0u) { leave(at + ${headDim}u, all${n}.m); leave(at + ${headDim + 1}u, all${n}.l); }
      }`,
  )
  const cleared = owned(
    parts,
    () => `${place(parts)}
      for (var part = vector; part < seen; part += ${vectors}u) {
        atomicStore(&met[place + part * ${words}u + ${headDim}u], 0u);
        atomicStore(&met[place + part * ${words}u + ${headDim + 1}u], 0u);
      }`,
  )
  return `
  let sharing = (longest + ${keys - 1}u) / ${keys}u;
  if (sharing > 1u) {
    ${left}
    workgroupBarrier();
    let tally = p.tally + wg.x * (p.heads / ${group}u) + wg.y;
    if (lane == 0u) { done = atomicAdd(&met[tally], 1u) + 1u; }
    if (workgroupUniformLoad(&done) < sharing) { return; }
    if (lane == 0u) { atomicStore(&met[tally], 0u); }
    ${merge(parts)}
    workgroupBarrier();
    ${cleared}
  }`
}

/** Where parts of a query lie, and how many it has. */
function place({ reach, vectors, group, headDim }: Parts): string {
  return `
      let query = own / ${vectors}u;
      let vector = own % ${vectors}u;
      let its = row0 + query / ${group}u;
      let place = ((its - p.first) * p.heads + head0 + query % ${group}u) * p.parts * ${partWords(headDim)}u;
      let seen = select(0u, (lengths[query] - 1u) / ${keysOf(reach)}u + 1u, its < end);`
}

/** Parts that are asked for together: the chunks of a span. */
const many = chunksOfSpan

/** Takes the parts from `part` on: each is, in turn, in `one`. */
function take({ vectors, width, head, headDim }: Parts, body: (part: string) => string): string {
  const found = (k: number) => Array.from({ length: width + 2 }, (_, i) => `w${k}_${i}`)
  const at = (k: number, i: number) =>
    `met[at${k} + ${i < width ? `vector + ${i * vectors}u` : `${headDim + i - width}u`}]`
  const every = Array.from({ length: many }, (_, k) => found(k)).flat()
  const takes = (k: number) => {
    const values = found(k).map((word) => `bitcast<f32>(~${word})`)
    return `
        if (part + ${k}u < seen) {
          let one = Partial(${values.slice(width).join(', ')}, ${head.type}(${values.slice(0, width).join(', ')}));
          ${repeat(width, (i) => `atomicStore(&${at(k, i)}, 0u);`)}
          ${body(`part + ${k}u`)}
        }`
  }
  return `
        ${repeat(many, (k) => `let at${k} = place + min(part + ${k}u, seen - 1u) * ${partWords(headDim)}u;`)}
        ${repeat(many, (k) => repeat(width + 2, (i) => `var w${k}_${i} = 0u;`))}
        // One look at all of them: a look at each would wait for each.
        loop {
          ${repeat(many, (k) => repeat(width + 2, (i) => `w${k}_${i} = atomicLoad(&${at(k, i)});`))}
          if (${every.reduce((a, b) => `min(${a}, ${b})`)} > 0u) { break; }
        }
        ${repeat(many, takes)}`
}

/** Takes `one` into `all`, or begins it. */
const into = (all: string, begins: string): string =>
  `if (${begins}) { ${all} = one; } else { ${all} = merged(${all}, one); }`

/** Merges the parts of what a lane owns: chunks to spans, and those. */
function merge(parts: Parts): string {
  return owned(parts, (n) => {
    const all = `all${n}`
    const span = `var span = Partial(); ${take(parts, (part) => into('span', `${part} == part`))} let one = span; ${into(all, 'part == 0u')}`
    return `${place(parts)}
      for (var part = 0u; part < seen; part += ${many}u) {
        ${parts.reach === 'chunk' ? span : take(parts, (part) => into(all, `${part} == 0u`))}
      }`
  })
}
