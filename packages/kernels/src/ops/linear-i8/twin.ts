import type { Pass, Tensor } from '@outrider/core/spec'
import type { Recorder } from '../../recorder'
import { blockInputs, blockVectors } from './int8-rows.wgsl'

/** What an int8 copy holds: the first `rows` rows of x, times a gain where there is one. */
interface TwinOf {
  readonly x: Tensor
  readonly rows: number
  readonly gain: Tensor | undefined
  /** With a pass, only its live rows. */
  readonly pass: Pass | undefined
}

interface Twin extends TwinOf {
  readonly int8: Tensor
  /** What tells its memory from that of others. */
  readonly id: number
  /** The step that wrote x last when this was made, and the gain. */
  readonly written: number
  readonly gainWritten: number
}

/** A product whose output can still be quantised as it is stored. */
interface Writer {
  /** Its first step and its last. */
  readonly firstStep: number
  readonly written: number
  readonly rows: number
  readonly pass: Pass | undefined
  /** Whether it can multiply by a gain. */
  readonly gains: boolean
  readonly quantise: (gain: Tensor | undefined, int8: Tensor) => void
}

interface Twins {
  readonly twins: Map<Tensor, Twin>
  readonly writers: Map<Tensor, Writer>
}

const known = new WeakMap<Recorder, Twins>()

function twinsOf(recorder: Recorder): Twins {
  const twins = known.get(recorder) ?? { twins: new Map(), writers: new Map() }
  known.set(recorder, twins)
  return twins
}

/** Whether rows that `made` wrote are those that a reader with `pass` looks at. */
function covers(made: { readonly rows: number; readonly pass: Pass | undefined }, { rows, pass }: TwinOf): boolean {
  const sameRows =
    !made.pass || (pass !== undefined && made.pass.index === pass.index && made.pass.first === pass.first)
  return made.rows >= rows && sameRows
}

/**
 * The int8 rows that hold what x holds at this step of the program, or undefined: those that were made since x was last
 * written, or that the product which wrote it can make.
 */
export function currentTwin(recorder: Recorder, wanted: TwinOf): Tensor | undefined {
  const { twins, writers } = twinsOf(recorder)
  const { x, gain } = wanted
  const twin = twins.get(x)
  const written = recorder.lastWrite(x)
  const gainWritten = gain ? recorder.lastWrite(gain) : -1
  const same = twin && twin.written === written && twin.gain === gain && twin.gainWritten === gainWritten
  if (same && covers(twin, wanted)) return twin.int8
  const writer = writers.get(x)
  if (!writer || writer.written !== written || !covers(writer, wanted)) return undefined
  if (gain && (!writer.gains || gainWritten >= writer.firstStep)) return undefined
  const int8 = keepTwin(recorder, { x, rows: writer.rows, gain, pass: writer.pass })
  writer.quantise(gain, int8)
  return int8
}

/** The memory for an int8 copy of x, which counts as current until x is written or another copy is made. */
export function keepTwin(recorder: Recorder, made: TwinOf): Tensor {
  const { twins, writers } = twinsOf(recorder)
  const blocks = (made.x.shape[1] as number) / blockInputs
  writers.delete(made.x) // what it would write comes before this
  const before = twins.get(made.x)
  const id = before?.id ?? twins.size
  const int8 =
    before && (before.int8.shape[0] as number) >= made.rows
      ? before.int8
      : recorder.scratch([made.rows, blocks, blockVectors * 4], 'u32', `int8 activations ${id}`)
  const gainWritten = made.gain ? recorder.lastWrite(made.gain) : -1
  twins.set(made.x, { ...made, int8, id, written: recorder.lastWrite(made.x), gainWritten })
  return int8
}

/** Notes that the last write of x can quantise what it stores, once, if a later op asks for it. */
export function noteWriter(recorder: Recorder, x: Tensor, writer: Omit<Writer, 'written'>): void {
  twinsOf(recorder).writers.set(x, { ...writer, written: recorder.lastWrite(x) })
}
