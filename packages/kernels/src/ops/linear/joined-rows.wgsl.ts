import { NO_TOKEN } from '@outrider/core/spec'
import { type Decoder, decoders, renamed } from '../../weights/decode.wgsl'
import type { Layout } from '../../weights/layout'
import { orderWgsl } from '../order.wgsl'

/** What the rows of a product are put together from. */
export interface JoinedForm {
  readonly parts: readonly JoinedPart[]
  /** Whether the embedded tokens are the best of records that a product left, which are stored on the way. */
  readonly chooses: boolean
}

/** One part of a joined row. */
interface JoinedPart {
  /** vec4s of a row of it. */
  readonly vectors: number
  /** The decoder of the table that it is embedded from; null for rows of a tensor. */
  readonly table: Layout['decoder'] | null
  readonly norms: number
}

/** Values among which squares are divided as `rmsNorm` divides them among its lanes. */
const squareLanes = 256

/** Bytes of workgroup memory for so many rows. */
export function joinedBytes({ parts }: Pick<JoinedForm, 'parts'>, rows: number): number {
  return rows * vectorsOf(parts) * 16 + squareLanes * 4 + rows * 12
}

function vectorsOf(parts: readonly JoinedPart[]): number {
  return parts.reduce((sum, { vectors }) => sum + vectors, 0)
}

/** The pieces of a kernel that puts its own rows together. */
export interface JoinedWgsl {
  /** Members of `Params`. */
  readonly params: readonly string[]
  /** Variables that are bound, in binding order. */
  readonly bindings: readonly string[]
  readonly declarations: string
  /** Goes before anything that may leave a workgroup out. */
  readonly choice: string
  /** Fills `x`. */
  readonly fill: string
}

/**
 * Puts rows `firstRow` to `firstRow` + `rows` - 1 together in workgroup memory, where `x` then has units of `unitVectors` vec4s, by
 * `lanes` lanes, this one's number being `flat`: embeddings and rows of tensors, normalised. Values and their order are those of `embed`
 * and `rmsNorm`, so that a product's bits are those of rows that `concat` made.
 */
export function joinedRowsWgsl(
  form: JoinedForm,
  { rows, lanes, unitVectors }: { readonly rows: number; readonly lanes: number; readonly unitVectors: number },
): JoinedWgsl {
  const { parts, chooses } = form
  const total = vectorsOf(parts)
  const table = parts.find((part) => part.table)?.table
  const decoder = table ? renamed(decoders[table], 'OfTable') : undefined
  const placed = parts.map((part, i) => ({
    ...part,
    i,
    first: vectorsOf(parts.slice(0, i)),
  }))
  const at = (row: string, vector: string): string =>
    `x[${row} * ${total / unitVectors}u + (${vector}) / ${unitVectors}u][(${vector}) % ${unitVectors}u]`
  return {
    params: [
      ...(chooses ? ['choices: u32'] : []),
      ...placed.flatMap(({ table, norms, i }) => [
        ...(table ? ['tableBlocks: u32', 'vocab: u32', 'firstToken: u32'] : []),
        ...Array.from({ length: norms }, (_, n) => `eps${i}_${n}: f32`),
      ]),
    ],
    bindings: [
      ...(chooses ? ['var<storage, read> choice: array<vec2u>'] : []),
      ...placed.flatMap(({ table, norms, i }) => [
        ...(table
          ? [
              'var<storage, read> weightsOfTable: array<BlockOfTable>',
              `var<storage, ${chooses ? 'read_write' : 'read'}> tokens: array<u32>`,
            ]
          : [`var<storage, read> part${i}: array<vec4f>`]),
        ...Array.from({ length: norms }, (_, n) => `var<storage, read> gain${i}_${n}: array<vec4f>`),
      ]),
    ],
    declarations: `
var<workgroup> x: array<array<vec4f, ${unitVectors}>, ${(rows * total) / unitVectors}>;
var<workgroup> squares: array<f32, ${squareLanes}>;
${decoder?.wgsl ?? ''}
${chooses ? choiceDeclarations(rows) : ''}`,
    choice: chooses ? choose(rows, lanes) : '',
    fill: placed
      .map(
        (part) => `
  {
${part.table ? embedRows(decoder as Decoder, part, { rows, lanes, chooses, at }) : copyRows(part, { rows, lanes, at })}
    workgroupBarrier();
${Array.from({ length: part.norms }, (_, n) => normalise(part, n, { rows, lanes, at })).join('\n')}
  }`,
      )
      .join('\n'),
  }
}

interface Placed extends JoinedPart {
  readonly i: number
  /** Its first vec4 in a row. */
  readonly first: number
}

interface Filling {
  readonly rows: number
  readonly lanes: number
  readonly at: (row: string, vector: string) => string
}

function copyRows({ vectors, first, i }: Placed, { rows, lanes, at }: Filling): string {
  return `    for (var k = flat; k < ${rows * vectors}u; k += ${lanes}u) {
      let row = k / ${vectors}u;
      let vector = k % ${vectors}u;
      ${at('row', `${first}u + vector`)} = part${i}[min(firstRow + row, p.rows - 1u) * ${vectors}u + vector];
    }`
}

function embedRows(
  decoder: Decoder,
  { vectors, first }: Placed,
  { rows, lanes, chooses, at }: Filling & { readonly chooses: boolean },
): string {
  const unitVectors = decoder.unitInputs / 4
  const units = Math.ceil(vectors / unitVectors)
  const store = (j: number): string => {
    const four = `select(${decoder.four('w.even', j)}, ${decoder.four('w.odd', j)}, token % 2u == 1u)`
    const stored = `${at('row', `${first + j}u + unit * ${unitVectors}u`)} = ${four};`
    return vectors % unitVectors === 0 ? stored : `if (unit * ${unitVectors}u + ${j}u < ${vectors}u) { ${stored} }`
  }
  const token = chooses
    ? 'chosen[min(firstRow + row, p.rows - 1u) - firstRow]'
    : 'tokens[p.firstToken + min(firstRow + row, p.rows - 1u)]'
  return `    for (var k = flat; k < ${rows * units}u; k += ${lanes}u) {
      let row = k / ${units}u;
      let unit = k % ${units}u;
      let token = min(${token}, p.vocab - 1u);
      let w = fetchOfTable((token / 64u) * p.tableBlocks + unit / ${decoder.units}u, unit % ${decoder.units}u, (token % 64u) / 2u);
${Array.from({ length: unitVectors }, (_, j) => `      ${store(j)}`).join('\n')}
    }`
}

/** The squares are divided among 256 sums and added as a tree of the distances 1, 2, 4, … as `workgroupSum` does it. */
function normalise({ vectors, first, i }: Placed, n: number, { rows, lanes, at }: Filling): string {
  return `    for (var row = 0u; row < ${rows}u; row++) {
      for (var s = flat; s < ${squareLanes}u; s += ${lanes}u) {
        var sum = 0.0;
        for (var k = s; k < ${4 * vectors}u; k += ${squareLanes}u) {
          let value = ${at('row', `${first}u + k / 4u`)}[k % 4u];
          sum = fma(value, value, sum);
        }
        squares[s] = sum;
      }
      for (var distance = 1u; distance < ${squareLanes}u; distance *= 4u) {
        workgroupBarrier();
        for (var s = flat * 4u * distance; s < ${squareLanes}u; s += ${4 * lanes}u * distance) {
          squares[s] = (squares[s] + squares[s + distance]) + (squares[s + 2u * distance] + squares[s + 3u * distance]);
        }
      }
      workgroupBarrier();
      let scale = 1.0 / sqrt(fma(squares[0], ${1 / (4 * vectors)}, p.eps${i}_${n}));
      for (var vector = flat; vector < ${vectors}u; vector += ${lanes}u) {
        ${at('row', `${first}u + vector`)} = ${at('row', `${first}u + vector`)} * scale * gain${i}_${n}[vector];
      }
      workgroupBarrier();
    }`
}

function choiceDeclarations(rows: number): string {
  return `${orderWgsl}
var<workgroup> topWords: array<atomic<u32>, ${rows}>;
var<workgroup> topPlaces: array<atomic<u32>, ${rows}>; // complemented, so that the first is the largest
var<workgroup> chosen: array<u32, ${rows}>;`
}

/** The token of the best of a row's records, the first of equals, as \`bestRecordWgsl\` finds it; one workgroup stores it. */
function choose(rows: number, lanes: number): string {
  return `
  for (var r = 0u; r < ${rows}u; r++) {
    let start = min(firstRow + r, p.rows - 1u) * p.choices;
    var mine = lowest;
    var place = 0u;
    for (var i = flat; i < p.choices; i += ${lanes}u) {
      let word = choice[start + i].x;
      if (word > mine) { mine = word; place = i; }
    }
    atomicMax(&topWords[r], mine);
    workgroupBarrier();
    if (mine > lowest && mine == atomicLoad(&topWords[r])) { atomicMax(&topPlaces[r], ~place); }
    workgroupBarrier();
    if (flat == 0u) {
      let best = atomicLoad(&topPlaces[r]);
      chosen[r] = select(${NO_TOKEN}u, choice[start + min(~best, p.choices - 1u)].y, best != 0u);
      if (group.y == 0u && firstRow + r < p.rows) { tokens[p.firstToken + firstRow + r] = chosen[r]; }
    }
  }
  workgroupBarrier();`
}
