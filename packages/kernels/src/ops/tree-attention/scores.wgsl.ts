import { repeat } from '../repeat'
import { chunk } from './form'
import { unpacked } from './head-vectors.wgsl'
import type { Parts } from './parts.wgsl'

/** Scores of a lane's keys for the heads of its row: s<key>_<head>, each over the elements in order. */
export function scores(parts: Parts): string {
  const { group, keys, keyLanes, ahead, head } = parts
  const { key } = head
  const most = ahead === 1 ? 1 : Math.max(1, 16 / keys)
  const words = [16, 8, 4, 2, 1].find((each) => each <= most && key.count % each === 0) as number
  const products = (a: number): string =>
    repeat(key.vectors, (u) => {
      const vectors = repeat(keys, (j) => `let k${j} = ${unpacked(key.type, `w${j}_${a}`)[u]};`)
      const sums = repeat(
        group,
        (g) => `{ let q = queries[mine + ${g * parts.vectors}u + (i + ${a}u) * ${key.vectors}u + ${u}u];
        ${head.components.map((c) => repeat(keys, (j) => `s${j}_${g} = fma(q.${c}, k${j}.${c}, s${j}_${g});`)).join('\n')} }`,
      )
      return `{ ${vectors}\n${sums} }`
    })
  return `
    ${repeat(
      keys,
      (j) => `let key${j} = turn * ${keyLanes * keys}u + at * ${keys}u + ${j}u;
      var slot${j} = min(start + key${j}, count - 1u);
      if (slot${j} >= base) { slot${j} = base + index[path + slot${j} - base]; }
      slots[row * ${chunk}u + key${j}] = slot${j};
      let word${j} = p.keys + (cacheHead + slot${j}) * ${key.count}u;
      ${repeat(group, (g) => `var s${j}_${g} = 0.0;`)}`,
    )}
    // Lanes without keys would only be in the way of the others' loads.
    for (var i = select(${key.count}u, 0u, start + key0 < count); i < ${key.count}u; i += ${words}u) {
      ${repeat(words, (a) => repeat(keys, (j) => `let w${j}_${a} = keyWords[word${j} + i + ${a}u];`))}
      ${repeat(words, products)}
    }
    ${repeat(keys, (j) => `if (start + key${j} >= count) { ${repeat(group, (g) => `s${j}_${g} = -1e30;`)} }`)}
    ${repeat(group, (g) => repeat(keys, (j) => `top${g} = max(top${g}, s${j}_${g});`))}`
}

/** Turns the scores into shares: exp(score - peak of the chunk). */
export function shares(parts: Parts): string {
  const { group, keys, turns, wide, lanes } = parts
  const query = (g: number): string => `row * ${group}u + ${g}u`
  if (turns > 1)
    return `
    for (var key = at; key < ${chunk}u; key += ${lanes}u) {
      ${repeat(group, (g) => `{ let i = (${query(g)}) * ${chunk}u + key; pool[i] = exp(max(pool[i] - top${g}, -87.0)); }`)}
    }`
  const share = (j: number, g: number): string => `exp(max(s${j}_${g} - top${g}, -87.0))`
  if (!wide)
    return repeat(group, (g) => repeat(keys, (j) => `pool[(${query(g)}) * ${chunk}u + key${j}] = ${share(j, g)};`))
  return repeat(group, (g) =>
    repeat(keys / 4, (v) => {
      const four = Array.from({ length: 4 }, (_, c) => share(v * 4 + c, g)).join(', ')
      return `pool[(${query(g)}) * ${chunk / 4}u + at * ${keys / 4}u + ${v}u] = vec4f(${four});`
    }),
  )
}
