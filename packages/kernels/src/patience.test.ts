import { describe, expect, test } from 'vitest'
import { Patience } from './patience'

/** How a thread and a device work together; ms. */
interface Setting {
  /** What a round takes the device, and the thread before it submits the next one. */
  readonly device: number
  readonly host: number
  /** Rounds under way at a time. */
  readonly ahead: number
  readonly nap: number
}

/** An event loop that hands rounds to a device, of which each turn takes 0.005 ms. */
class Loop {
  ms = 0
  napping = 0
  /** When the device is done with each round under way, and what is told then. */
  readonly #rounds: { readonly at: number; readonly end: () => void }[] = []
  #next: (() => void)[] = []
  #free = 0
  readonly patience: Patience
  readonly #work = {}

  constructor(private readonly setting: Setting) {
    this.patience = new Patience(
      () => {
        this.ms += setting.nap
        this.napping += setting.nap
      },
      () => this.ms,
      (next) => {
        this.#next.push(next)
      },
    )
  }

  #submit(patient: boolean, device: number): void {
    this.ms += this.setting.host
    this.#free = Math.max(this.#free, this.ms) + device
    let end = () => {}
    const done = new Promise<void>((resolve) => {
      end = resolve
    })
    if (patient) this.patience.waits(done, this.#work)
    this.#rounds.push({ at: this.#free, end })
  }

  /** What so many rounds take. */
  async run(rounds: number, patient: boolean, device = this.setting.device): Promise<number> {
    const from = this.ms
    let begun = 0
    for (let ended = 0; ended < rounds; ) {
      while (begun < rounds && begun - ended < this.setting.ahead) {
        this.#submit(patient, device)
        begun++
      }
      for (const next of this.#next.splice(0)) next()
      this.ms += 0.005
      const [first] = this.#rounds
      if (first && first.at <= this.ms) {
        this.#rounds.shift()
        first.end()
        ended++
      }
      await Promise.resolve()
    }
    return this.ms - from
  }
}

const settings = [0.03, 0.14, 0.3, 1, 3, 60].flatMap((device) =>
  [0.02, 0.2].flatMap((host) =>
    [1, 2].flatMap((ahead) => [0.06, 0.3, 1.2].map((nap): Setting => ({ device, host, ahead, nap }))),
  ),
)

test.each(settings)('a thread that sleeps is as fast: %o', async (setting) => {
  const [awake, patient] = [new Loop(setting), new Loop(setting)]
  await patient.run(50, true)
  const least = await awake.run(300, false)
  expect(await patient.run(300, true)).toBeLessThan(1.05 * least)
})

test.each(settings.filter(({ device, nap }) => device > 10 * nap))(
  'it sleeps most of what it waits: %o',
  async (setting) => {
    const loop = new Loop(setting)
    const ms = await loop.run(300, true)
    const busy = 300 * setting.host
    expect(loop.napping).toBeGreaterThan(0.6 * (ms - busy))
  },
)

test('a thread that is slower than its device does not sleep', async () => {
  const loop = new Loop({ device: 0.14, host: 0.2, ahead: 2, nap: 0.06 })
  await loop.run(300, true)
  expect(loop.napping).toBe(0)
})

test('what was long once does not slow down what is short: it is looked for once a nap, and found', async () => {
  const loop = new Loop({ device: 3, host: 0.02, ahead: 2, nap: 0.06 })
  await loop.run(20, true)
  expect(await loop.run(100, true, 0.3)).toBeLessThan(100 * 0.3 * 1.05 + 0.3)
})

describe('a turn', () => {
  test('there is none once nothing is waited for, also where it failed', async () => {
    let next: (() => void) | undefined
    const patience = new Patience(undefined, undefined, (turn) => {
      next = turn
    })
    patience.waits(Promise.reject(new Error('lost')))
    await new Promise((resolve) => setImmediate(resolve))
    const last = next
    next = undefined
    last?.()
    expect(next).toBeUndefined()
  })

  test('its nap is a real one', () => {
    let ms = 0
    let next = () => {}
    const patience = new Patience(
      undefined,
      () => ms,
      (turn) => {
        next = turn
      },
    )
    patience.waits(new Promise(() => {}))
    const turns = (): number => {
      const from = performance.now()
      for (let i = 0; i < 50; i++) next()
      return performance.now() - from
    }
    turns()
    const awake = turns()
    ms = 10
    const asleep = turns()
    expect(asleep).toBeGreaterThanOrEqual(50 * 0.02)
    expect(asleep).toBeGreaterThan(2 * awake)
  })
})
