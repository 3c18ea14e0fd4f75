import { matrixSize } from './matrix-tile'

/** Words of a tile of 16 rows by 16 inputs, and of the squares that go with it: the sum over its inputs for each row, f32. */
const tileWords = (matrixSize * matrixSize) / 2
const squareWords = matrixSize
const allWords = tileWords + squareWords
/** Inputs that rows of halves are padded to, with zeros: whole steps of sixteen subgroups. */
const padding = 1024

/** Tiles along the inputs. */
export function halfTiles(inputs: number): number {
  return (Math.ceil(inputs / padding) * padding) / matrixSize
}

/** Elements `array<vec4u, 32>`, each a tile, from one row tile to the next: its tiles and their squares. */
export function rowTileElements(inputs: number): number {
  return (halfTiles(inputs) * allWords) / tileWords
}

/** u32 [rows, words]: room for `rows` rows as halves, for as many row tiles as a workgroup takes at a time. */
export function halfShape(rows: number, inputs: number): readonly [rows: number, words: number] {
  const rowTiles = Math.ceil(rows / matrixSize)
  const room = rowTiles <= 2 ? rowTiles : Math.ceil(rowTiles / 4) * 4
  return [room * matrixSize, (halfTiles(inputs) * allWords) / matrixSize]
}

/**
 * Declares `keepHalves(row, tiles, vector, value)`: four activations of a row, the `vector`-th of it, go to `twin` as halves of a
 * quarter of them, so that sizes up to 2^18 have one; larger ones become the largest, infinities and NaN stay. Halves lie as
 * [row tile, tile along the inputs, row, input], eight of them as `eight` has them, behind the tiles of a row tile the squares,
 * [tile along the inputs, row]. `var<storage, read_write> twin: array<u32>`.
 */
export const keepHalvesWgsl: string = /* wgsl */ `
fn keepHalves(row: u32, tiles: u32, vector: u32, value: vec4f) {
  let at = row / 16u * tiles * ${allWords}u + vector / 4u * ${tileWords}u + row % 16u * 8u + vector / 2u % 2u * 4u + vector % 2u;
  let part = value * 0.25;
  let halves = select(
    clamp(part, vec4f(-65504.0), vec4f(65504.0)), part, (bitcast<vec4u>(part) & vec4u(0x7fffffffu)) >= vec4u(0x7f800000u),
  );
  twin[at] = pack2x16float(halves.xz);
  twin[at + 2u] = pack2x16float(halves.yw);
}
`

/**
 * Declares `keepEight(row, tiles, eighth, a, b) -> f32`: eight activations of a row as halves, times `twinGain: array<vec4f>` where there
 * is a gain; gives their squares, as they are without it. With a gain it declares `keepSquares(row, tiles, tile, squares)` too, for
 * those of sixteen.
 */
export const keepEightWgsl = (gain: boolean): string => /* wgsl */ `${keepHalvesWgsl}
fn keepEight(row: u32, tiles: u32, eighth: u32, a: vec4f, b: vec4f) -> f32 {
  keepHalves(row, tiles, 2u * eighth, a${gain ? ' * twinGain[2u * eighth]' : ''});
  keepHalves(row, tiles, 2u * eighth + 1u, b${gain ? ' * twinGain[2u * eighth + 1u]' : ''});
  let squares = fma(b, b, a * a);
  return (squares.x + squares.y) + (squares.z + squares.w);
}
${
  gain
    ? `fn keepSquares(row: u32, tiles: u32, tile: u32, squares: f32) {
  twin[row / 16u * tiles * ${allWords}u + tiles * ${tileWords}u + tile * 16u + row % 16u] = bitcast<vec4u>(vec4f(squares)).x;
}`
    : ''
}
`

/** Tiles of a row that one workgroup takes. */
export const tilesAtOnce = 64

/** Rows of x f32 [rows, inputs] as halves, times the gain where there is one. */
export function halveRowsWgsl({ gain }: { readonly gain: boolean }): string {
  const load = (i: number): string =>
    `select(vec4f(), x[row * p.vectors + 4u * tile + ${i}u], 4u * tile + ${i}u < p.vectors)`
  return /* wgsl */ `
struct Params { vectors: u32, tiles: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
${gain ? '@group(0) @binding(2) var<storage, read> twinGain: array<vec4f>;' : ''}
@group(0) @binding(${gain ? 3 : 2}) var<storage, read_write> twin: array<u32>;
${keepEightWgsl(gain)}
@compute @workgroup_size(${tilesAtOnce})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y;
  let tile = group.x * ${tilesAtOnce}u + lane;
  let first = keepEight(row, p.tiles, 2u * tile, ${load(0)}, ${load(1)});
  let second = keepEight(row, p.tiles, 2u * tile + 1u, ${load(2)}, ${load(3)});
  ${gain ? 'keepSquares(row, p.tiles, tile, first + second);' : ''}
}`
}
