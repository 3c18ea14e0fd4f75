import { Clock } from '../clock'
import { mostRuns, VerifyPass } from '../decode/verify-pass'
import { shown } from '../output'
import type { BenchSettings } from '../settings'
import { learnTexts, randomPrompts } from './learn'
import { opPhases } from './op-phases'
import { roundCosts } from './round'
import { eachSubject, type Subject } from './subjects'

const usualStrategies =
  'synthetic:p=0.8;tokens=5,syntheticDevice:p=0.8;tokens=5,synthetic:p=0.8;tokens=15,lookup,earlyExit:layer=1;tokens=3'
/** Tokens that a warm-up and two generations go through at most. */
const room = 64

/** `pnpm bench round`: what a round of each strategy submits, reads and takes. */
export function benchRound(settings: BenchSettings): Promise<void> {
  const { output, tiny, clock } = settings
  const tokens = settings.tokens ?? (tiny ? 16 : 128)
  const [context = 64] = settings.contexts ?? []
  const options = { tokens, repeats: tiny ? 1 : 5, warmUpMs: clock.warmUpMs }
  const capacity = context + tokens + 2 * room
  return eachSubject(settings, usualStrategies, capacity, async (subject: Subject) => {
    const { name, engine, texts } = subject
    const prompts = randomPrompts(engine, 1, context)
    await learnTexts(engine, texts, prompts, tokens + 2 * room)
    output.table(`rounds of ${name} behind ${context} tokens on ${engine.backend.info.device}`, columns)
    for (const strategy of engine.strategies.filter((each) => each !== 'probe')) {
      const costs = roundCosts(engine, strategy, prompts[0] as readonly number[], options)
      // What fails is told in its place: the others are measured all the same.
      output.line({ context, ...(await costs.catch((error) => ({ strategy: `${strategy}: ${String(error)}` }))) })
    }
    await whereTimeGoes(subject, settings, context)
  })
}

/** The device's time in a round's pass over the target, by op. */
async function whereTimeGoes(
  { name, probe, backend }: Subject,
  settings: BenchSettings,
  context: number,
): Promise<void> {
  const { output, clock: timing, tiny } = settings
  const rows = settings.rows ?? (tiny ? [1] : [1, 8, 32])
  const pass = await VerifyPass.open(probe.host, context, Math.max(...rows))
  const clock = new Clock(backend, timing)
  for (const count of rows) {
    const before = () => pass.reset(count)
    const program = pass.program(count)
    const { median: wholeMs } = await clock.time(program, before, mostRuns)
    const phases = await opPhases(backend, (ops) => pass.record(ops, count), { ...timing, before })
    output.table(
      `a pass of ${count} rows over ${name}: ${wholeMs.toFixed(3)} ms in ${program.dispatches} dispatches` +
        (phases ? '; op by op:' : '; the device does not time so many ops'),
      phaseColumns,
    )
    const sum = phases?.reduce((total, { ms }) => total + ms, 0) ?? 0
    for (const phase of phases ?? [])
      output.line({
        what: 'op',
        context,
        rows: count,
        wholeMs,
        ...phase,
        share: phase.ms / sum,
        eachMs: phase.ms / phase.calls,
      })
    program.dispose()
  }
  clock.dispose()
  pass.dispose()
}

const phaseColumns = [
  shown('calls', 'calls'),
  shown('dispatches', 'dispatches'),
  shown('ms', 'ms'),
  shown('share', 'share'),
  shown('ms a call', 'eachMs'),
  shown('op', 'op'),
]

const columns = [
  shown('dispatches', 'dispatches'),
  shown('submits', 'submits'),
  shown('reads', 'reads'),
  shown('tokens', 'tokensPerRound'),
  shown('round ms', 'roundMs'),
  shown('host ms', 'hostMs'),
  shown('wait ms', 'waitMs'),
  shown('draft ms', 'draftMs'),
  shown('verify ms', 'verifyMs'),
  shown('gap ms', 'gapMs'),
  shown('strategy', 'strategy'),
]
