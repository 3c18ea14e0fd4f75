import type { Backend, Ops, Program } from '../spec'

/** A backend as a strategy gets it: tells which streams of noise the programs draw with that it runs. */
export class WatchedNoise {
  readonly #of = new WeakMap<Program, ReadonlySet<number>>()

  /** `streams`: those of the programs that were run. */
  constructor(private readonly streams: Set<number>) {}

  /** `inner`, seen to record programs and to submit them. */
  around(inner: Backend): Backend {
    return {
      info: inner.info,
      lost: inner.lost,
      get stats() {
        return inner.stats
      },
      tensor: (...args) => inner.tensor(...args),
      weight: (...args) => inner.weight(...args),
      write: (...args) => inner.write(...args),
      program: (label, record) => {
        const drawn = new Set<number>()
        const program = inner.program(label, (ops) => record(listening(ops, drawn)))
        this.#of.set(program, drawn)
        return program
      },
      submit: (programs, ...rest) => {
        this.run(programs)
        return inner.submit(programs, ...rest)
      },
      dispose: () => inner.dispose(),
    }
  }

  /** Programs that join a round. */
  run(programs: readonly Program[]): void {
    for (const program of programs) for (const stream of this.#of.get(program) ?? []) this.streams.add(stream)
  }
}

/** `ops`, whose draws put down their streams. */
function listening(ops: Ops, drawn: Set<number>): Ops {
  const draws = {
    sample: (args: Parameters<Ops['sample']>[0]) => {
      drawn.add(args.stream ?? 0)
      ops.sample(args)
    },
    perturbLogits: (args: Parameters<Ops['perturbLogits']>[0]) => {
      drawn.add(args.stream ?? 0)
      ops.perturbLogits(args)
    },
  }
  return new Proxy(ops, {
    get: (target, name) => {
      if (name in draws) return draws[name as keyof typeof draws]
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
