import type { Backend, Ops, Program, Weight } from '@outrider/core'
import { median } from '../../../packages/core/src/measure/statistics'

/** Programs of one submission that backends time at most. */
const mostTimed = 256

/** What the calls of one op over one shape take together in a pass. */
export interface OpPhase {
  /** The op, and the shape of its weight: `linear 4096x14336`. */
  readonly op: string
  readonly calls: number
  readonly dispatches: number
  /** Milliseconds of all calls, by the device's clock. */
  readonly ms: number
}

interface Call {
  readonly op: string
  record(ops: Ops): void
}

/**
 * Where a pass's time goes: every op as a program of its own, all in one submission and in order, so that each finds the caches as the
 * ones before leave them. null where the device has no clock or the pass has more ops than it can time. What ops share within a program
 * they cannot share here, and each begins a pass of its own: the sum is more than the whole program takes.
 */
export async function opPhases(
  backend: Backend,
  record: (ops: Ops) => void,
  options: { readonly samples: number; readonly warmUpMs: number; before(): void },
): Promise<readonly OpPhase[] | null> {
  const calls = callsOf(record)
  if (calls.length > mostTimed) return null
  const programs: Program[] = calls.map((call) => backend.program(call.op, call.record))
  try {
    const once = async (): Promise<readonly number[]> => {
      const timings: number[] = []
      options.before()
      await backend.submit(programs, [], timings)
      return timings
    }
    if ((await once()).length !== programs.length) return null
    const from = performance.now()
    do await once()
    while (performance.now() - from < options.warmUpMs)
    const found: (readonly number[])[] = []
    for (let i = 0; i < options.samples; i++) found.push(await once())
    return addUp(calls, programs, (at) => median(found.map((each) => each[at] as number)) as number)
  } finally {
    for (const program of programs) program.dispose()
  }
}

/** The ops that a recording calls, to be recorded again one by one. */
function callsOf(record: (ops: Ops) => void): readonly Call[] {
  const calls: Call[] = []
  const listener = new Proxy({} as Ops, {
    get: (_, name) => (args: unknown) => {
      const op = describe(String(name), args as { readonly weight?: Weight; readonly weights?: readonly Weight[] })
      calls.push({ op, record: (ops) => (ops[name as keyof Ops] as (args: unknown) => void)(args) })
    },
  })
  record(listener)
  return calls
}

function describe(name: string, args: { readonly weight?: Weight; readonly weights?: readonly Weight[] }): string {
  const weights = args.weights ?? (args.weight ? [args.weight] : [])
  const [first] = weights
  if (!first) return name
  return `${name} ${first.shape[1]}x${weights.reduce((sum, { shape }) => sum + shape[0], 0)}`
}

function addUp(calls: readonly Call[], programs: readonly Program[], ms: (at: number) => number): readonly OpPhase[] {
  const phases = new Map<string, OpPhase>()
  for (const [at, { op }] of calls.entries()) {
    const before = phases.get(op) ?? { op, calls: 0, dispatches: 0, ms: 0 }
    phases.set(op, {
      op,
      calls: before.calls + 1,
      dispatches: before.dispatches + (programs[at] as Program).dispatches,
      ms: before.ms + ms(at),
    })
  }
  return [...phases.values()]
}
