import { join } from 'node:path'
import {
  type AcceptanceRule,
  type Backend,
  block,
  type Completion,
  createEngine,
  type Engine,
  exact,
  type GenerateOptions,
  rejection,
  typical,
} from '@outrider/core'
import { pairsOnDevice, pairsOnHost } from '../../packages/core/test/support/pair-processors'
import { hasShortWords, shortWords } from '../../packages/core/test/support/short-words'
import type { CheckResult } from './checks'
import { readReference } from './reference'
import type { Run } from './run'
import { everyStrategy } from './strategies'

/** Rules by name. */
export const rules: Readonly<Record<string, AcceptanceRule>> = { exact, rejection, block, typical: typical() }

/** What a generation is held to, besides its strategy: constraints, processors and both, greedy and drawn. */
export const shapings: Readonly<Record<string, GenerateOptions>> = {
  constraint: { constraint: shortWords },
  'constraint and processors, drawn': {
    constraint: shortWords,
    processors: [pairsOnHost, pairsOnDevice],
    temperature: 0.8,
    topP: 0.95,
    repetitionPenalty: 1.1,
    seed: 2,
    logProbs: true,
  },
  'a processor on the device, drawn': { processors: [pairsOnDevice], temperature: 0.8, seed: 3 },
}

/** Strategies of `everyStrategy` whose drafts the host knows: a constraint costs them no read. */
const onHost: readonly string[] = ['plain', 'lookup', 'suffix', 'suffix tree']
/** Those that draft on the device in one round and on the host in another. */
const onEither: readonly string[] = ['lookup or draft']

/** What is generated. */
export interface ShapedCheck {
  readonly prompt: string | readonly number[]
  readonly tokens: number
  readonly strategies: readonly string[]
  readonly rule: AcceptanceRule
  readonly shaping: GenerateOptions
  /** What plain decoding gives. */
  readonly plain: Completion
}

/** What came of it. */
interface ShapedResult extends CheckResult {
  /** Drafted tokens that were kept, and those that were cut off before they were verified. */
  readonly accepted: number
  readonly pruned: number
}

/**
 * Holds strategies to a constraint and to processors: the text keeps to the constraint; where the rule gives the tokens of plain
 * decoding (or nothing is drawn) the ids and log-probabilities are plain decoding's with the same options; and a tree on the device
 * costs one read under a constraint, a tree on the host none.
 */
export async function checkShaped(engine: Engine, check: ShapedCheck): Promise<ShapedResult> {
  const { prompt, tokens, strategies, rule, shaping, plain } = check
  const faults: string[] = []
  const request = { ...shaping, acceptance: rule, maxTokens: tokens }
  const same = rule.guarantee === 'same-tokens' || !shaping.temperature
  let [accepted, pruned] = [0, 0]
  for (const strategy of strategies) {
    const found = await engine.complete(prompt, { ...request, strategy })
    accepted += found.stats.accepted
    pruned += found.stats.proposed - found.stats.evaluated
    const fault = (what: string) => faults.push(`${strategy} under ${rule.name}: ${what}`)
    if (shaping.constraint && !hasShortWords(found.text)) fault(`${JSON.stringify(found.text)} breaks the constraint`)
    if (same && found.ids.join() !== plain.ids.join()) fault(`ids ${found.ids}, plain decoding has ${plain.ids}`)
    if (same && logProbs(found) !== logProbs(plain))
      fault(`log-probabilities ${logProbs(found)}, not ${logProbs(plain)}`)
    const [least, most] = readsOf(strategy, rule, shaping, found.stats)
    const { reads } = found.stats
    if (reads < least || reads > most) fault(`${reads} reads, where ${least} to ${most} are due`)
  }
  const note = `${strategies.length} strategies, ${accepted} drafted tokens accepted, ${pruned} cut off`
  return { faults, note, accepted, pruned }
}

/** Fewest and most reads that a generation may take. */
function readsOf(
  strategy: string,
  rule: AcceptanceRule,
  { constraint, processors = [], logProbs = false }: GenerateOptions,
  { rounds, drafts }: Completion['stats'],
): readonly [least: number, most: number] {
  const forRule = 'host' in rule && logProbs ? 1 : 0
  const forProcessors = processors.some((processor) => 'host' in processor) ? 1 : 0
  const always = rounds * (1 + forRule + forProcessors)
  const cut = constraint && !onHost.includes(strategy) ? drafts : 0
  return [always + (onEither.includes(strategy) ? 0 : cut), always + cut]
}

function logProbs({ tokens }: Completion): string {
  return tokens.map(({ logProb }) => logProb).join()
}

/** Every strategy under every rule, with every shaping, on the embedded model. */
export async function verifyConstrained(run: Run, backend: Backend, folder: string): Promise<void> {
  const contexts = await readReference(join(folder, 'reference.json'))
  const engine = await createEngine({ backend, model: folder, capacity: 256, strategies: everyStrategy(folder, 6) })
  try {
    const prompt = contexts[1]?.promptIds ?? []
    const tokens = 64
    const strategies = engine.strategies.slice(1)
    for (const [name, shaping] of Object.entries(shapings)) {
      const plain = await engine.complete(prompt, { ...shaping, maxTokens: tokens })
      for (const rule of Object.values(rules))
        await run.check(`stories-5m under ${rule.name}, ${name}`, () =>
          checkShaped(engine, { prompt, tokens, strategies, rule, shaping, plain }),
        )
    }
  } finally {
    await engine.dispose()
  }
}
