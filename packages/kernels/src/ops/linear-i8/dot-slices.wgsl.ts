import type { DeviceFacts } from '../../device'
import { repeat } from '../repeat'
import { type DotTile, int8Slices } from './dot-tile'
import { keepForTwin, storeTwin, type TwinForm, twinMemory } from './twin.wgsl'

/** The loops of a kernel and what surrounds them. */
export interface DotKernel {
  readonly tile: DotTile
  readonly norm: boolean
  /** The loops over the blocks of a slice. */
  readonly units: string
  readonly twin: TwinForm | undefined
}

/** Bytes of workgroup memory that leave room for other workgroups beside. */
const mostBytes = 24576
/** Words that are kept for what a twin needs. */
const twinWords = 512

/**
 * Slices for groups of lanes, which meet in workgroup memory, in as many rounds as it takes; each lane keeps the totals of some
 * outputs from round to round.
 */
export function parallelSlices(kernel: DotKernel, device: DeviceFacts): { memory: string; body: string } {
  const { tile, norm, units, twin } = kernel
  const { lanes, pairs, atOnce } = tile
  const width = lanes * pairs
  const size = lanes * atOnce
  // Rows whose sums do not fit into workgroup memory take turns, equally many in each.
  const words = Math.min(mostBytes, device.limits.maxComputeWorkgroupStorageSize) / 4 - twinWords
  const room = Math.max(1, Math.floor(words / (atOnce * (width * 2 + 1))))
  let rows: number = tile.rows
  while (rows > room) rows = rows % 2 === 0 ? rows / 2 : 1
  const items = Math.ceil((rows * width) / size)
  const turns = tile.rows / rows
  const each = (emit: (turn: number, item: number) => string): string =>
    repeat(turns, (turn) => repeat(items, (item) => emit(turn, item)))
  const place = (item: number): string =>
    `let i = flat + ${item * size}u; let row = i / ${width}u; let own = i % ${width}u;`
  const whole = (rows * width) % size === 0
  const within = (lines: string): string => (whole ? lines : `if (i < ${rows * width}u) { ${lines} }`)
  const add = (turn: number, item: number): string => `
    { ${place(item)}
      ${within(`for (var s = 0u; s < ${atOnce}u; s++) {
        total${turn}_${item} += sliceSums[s][row][own];
        ${norm ? `squares${turn}_${item} += sliceSquares[s][row];` : ''}
      }`)}
    }`
  const finish = (turn: number, item: number): string => `
  { ${place(item)}
    if (${whole ? '' : `i < ${rows * width}u && `}firstRow + ${turn * rows}u + row < p.rows) {
      ${twin ? 'let values = ' : ''}finish(firstRow + ${turn * rows}u + row, firstPair + own, total${turn}_${item}, scaleOf(${norm ? `squares${turn}_${item}` : '0.0'}));
      ${twin ? keepForTwin(twin, 'row', 'own', 'values') : ''}
    }
  }`
  return {
    memory: `var<workgroup> sliceSums: array<array<array<vec2f, ${width}>, ${rows}>, ${atOnce}>;
${norm ? `var<workgroup> sliceSquares: array<array<f32, ${rows}>, ${atOnce}>;` : ''}
${twin ? twinMemory(twin, rows, width, size) : ''}`,
    body: `
  let flat = local.y * ${lanes}u + lane;
${each((turn, item) => `  var total${turn}_${item} = vec2f();${norm ? ` var squares${turn}_${item} = 0.0;` : ''}`)}
  for (var round = 0u; round < ${int8Slices}u; round += ${atOnce}u) {
    let slice = round + local.y;
${repeat(tile.rows, (row) => `${norm ? `    var square${row} = 0.0;` : ''}${repeat(pairs, (pair) => `    var sum${row}_${pair} = vec2f();`)}`)}
${units}
${repeat(
  turns,
  (turn) => `
${turn > 0 || atOnce < int8Slices ? '    workgroupBarrier(); // earlier sums may still be read' : ''}
${repeat(rows, (row) => repeat(pairs, (pair) => `    sliceSums[local.y][${row}][lane + ${pair * lanes}u] = sum${turn * rows + row}_${pair};`))}
${norm ? `    if (lane == 0u) { ${repeat(rows, (row) => `sliceSquares[local.y][${row}] = square${turn * rows + row};`)} }` : ''}
    workgroupBarrier();
${repeat(items, (item) => add(turn, item))}`,
)}
  }
${repeat(
  turns,
  (turn) => `${repeat(items, (item) => finish(turn, item))}
${twin ? storeTwin(twin, rows, width, size, `firstRow + ${turn * rows}u`) : ''}`,
)}`,
  }
}

/** All slices one after the other in each lane: no workgroup memory, no barrier but for a twin. */
export function serialSlices({ tile, norm, units, twin }: DotKernel): { memory: string; body: string } {
  const { rows, pairs, lanes } = tile
  const width = lanes * pairs
  const eachSum = (emit: (row: number, pair: number) => string): string =>
    repeat(rows, (row) => repeat(pairs, (pair) => emit(row, pair)))
  const finish = (row: number, pair: number): string => `    {
      ${twin ? 'let values = ' : ''}finish(firstRow + ${row}u, firstPair + lane + ${pair * lanes}u, total${row}_${pair}, scale);
      ${twin ? keepForTwin(twin, `${row}u`, `lane + ${pair * lanes}u`, 'values') : ''}
    }`
  return {
    memory: twin ? twinMemory(twin, rows, width, lanes) : '',
    body: `
  let flat = lane;
${eachSum((row, pair) => `  var total${row}_${pair} = vec2f();`)}
${norm ? repeat(rows, (row) => `  var squares${row} = 0.0;`) : ''}
  for (var slice = 0u; slice < ${int8Slices}u; slice++) {
${norm ? repeat(rows, (row) => `    var square${row} = 0.0;`) : ''}
${eachSum((row, pair) => `    var sum${row}_${pair} = vec2f();`)}
${units}
${eachSum((row, pair) => `    total${row}_${pair} += sum${row}_${pair};`)}
${norm ? repeat(rows, (row) => `    squares${row} += square${row};`) : ''}
  }
${repeat(
  rows,
  (row) => `  if (firstRow + ${row}u < p.rows) {
    let scale = scaleOf(${norm ? `squares${row}` : '0.0'});
${repeat(pairs, (pair) => finish(row, pair))}
  }`,
)}
${twin ? storeTwin(twin, rows, width, lanes, 'firstRow') : ''}`,
  }
}
