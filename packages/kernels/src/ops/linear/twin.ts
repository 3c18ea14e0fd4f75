import type { Arithmetic, Norm, Pass, Shape, Tensor } from '@outrider/core/spec'
import { reads, writes } from '../../bindings'
import type { Binding, Dispatch, Recorder } from '../../recorder'
import { halfShape } from '../linear-f16/half-rows.wgsl'
import { blockInputs, blockVectors } from '../linear-i8/int8-rows.wgsl'

/** What a copy holds as int8, as halves or as floats: the first `rows` rows of x, times a gain where there is one. */
interface TwinOf {
  readonly x: Tensor
  readonly rows: number
  readonly gain: Tensor | undefined
  /** With a pass, only its live rows. */
  readonly pass: Pass | undefined
}

/** Where what an op stores is copied: times the gain of the norm that reads it, where there is one. */
export interface Twin {
  readonly gain: Tensor | undefined
  readonly copy: Tensor
}

interface KnownTwin extends TwinOf, Twin {
  /** What tells its memory from that of others. */
  readonly id: number
  /** The step that wrote x last when this was made, and the gain. */
  readonly written: number
  readonly gainWritten: number
}

/** An op whose output can still be copied as it is stored. */
interface Writer {
  /** Its first step and its last. */
  readonly firstStep: number
  readonly written: number
  readonly rows: number
  readonly pass: Pass | undefined
  /** Whether it can multiply by a gain. */
  readonly gains: boolean
  /** What it copies. */
  twin: Twin | undefined
}

interface Twins {
  readonly twins: Map<Tensor, KnownTwin>
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
 * The copy that holds what x holds at this step of the program, or undefined: one that was made since x was last written, or that
 * the op which wrote it can make.
 */
export function currentTwin(recorder: Recorder, wanted: TwinOf): Tensor | undefined {
  const { twins, writers } = twinsOf(recorder)
  const { x, gain } = wanted
  const twin = twins.get(x)
  const written = recorder.lastWrite(x)
  const gainWritten = gain ? recorder.lastWrite(gain) : -1
  const same = twin && twin.written === written && twin.gain === gain && twin.gainWritten === gainWritten
  if (same && covers(twin, wanted)) return twin.copy
  const writer = writers.get(x)
  if (!writer || writer.written !== written || !covers(writer, wanted)) return undefined
  if (gain && (!writer.gains || gainWritten >= writer.firstStep)) return undefined
  const copy = keepTwin(recorder, { x, rows: writer.rows, gain, pass: writer.pass })
  writer.twin = { gain, copy }
  return copy
}

/** Words of a copy. */
const shapes: Readonly<Record<Arithmetic, (rows: number, width: number) => Shape>> = {
  f32: (rows, width) => [rows, width],
  i8: (rows, width) => [rows, width / blockInputs, blockVectors * 4],
  f16: halfShape,
}

/** The memory for a copy of x as the recorder's arithmetic reads it, which counts as current until x is written or another copy is made. */
function keepTwin(recorder: Recorder, made: TwinOf): Tensor {
  const { twins, writers } = twinsOf(recorder)
  const width = made.x.shape[1] as number
  writers.delete(made.x) // what it would write comes before this
  const before = twins.get(made.x)
  const id = before?.id ?? twins.size
  const copy =
    before && (before.copy.shape[0] as number) >= made.rows
      ? before.copy
      : recorder.scratch(shapes[recorder.arithmetic](made.rows, width), 'u32', `copied activations ${id}`)
  const gainWritten = made.gain ? recorder.lastWrite(made.gain) : -1
  twins.set(made.x, { ...made, copy, id, written: recorder.lastWrite(made.x), gainWritten })
  return copy
}

/**
 * The first `rows` rows of x, times the gain of the norm that reads them, as a product reads them. Where the program has them already,
 * from the op that wrote x or for another that reads it, they are not made again; else the dispatch makes them, which binds x, the gain
 * where there is one, and the copy.
 */
export function copied(
  recorder: Recorder,
  { x, rows, norm, pass }: { x: Tensor; rows: number; norm?: Norm | undefined; pass?: Pass | undefined },
  make: (gain: Tensor | undefined) => Omit<Dispatch, 'buffers'>,
): Tensor {
  const gain = norm?.gain
  const known = currentTwin(recorder, { x, rows, gain, pass })
  if (known) return known
  const copy = keepTwin(recorder, { x, rows, gain, pass: undefined })
  const bound = [...reads(x), ...twinBindings({ gain, copy })]
  recorder.dispatch({ ...make(gain), buffers: bound })
  return copy
}

/** Notes that the last write of x can copy what it stores, once, if a later op asks for it; gives what tells whether one did. */
export function noteWriter(
  recorder: Recorder,
  x: Tensor,
  writer: Pick<Writer, 'firstStep' | 'rows' | 'pass' | 'gains'>,
): () => Twin | undefined {
  const noted: Writer = { ...writer, written: recorder.lastWrite(x), twin: undefined }
  twinsOf(recorder).writers.set(x, noted)
  return () => noted.twin
}

/** What a kernel is told of the copy that it makes. */
export function twinForm(twin: Twin | undefined): 'none' | 'plain' | 'gain' {
  return twin ? (twin.gain ? 'gain' : 'plain') : 'none'
}

/** What it binds for it, behind all else. */
export function twinBindings(twin: Twin | undefined): readonly Binding[] {
  if (!twin) return []
  return [...reads(twin.gain), ...writes(twin.copy)]
}
