import type { GenerateOptions } from '../decode'
import type { AcceptanceRule } from '../spec'
import type { Completion } from '../wiring'
import { anyPath } from './any-path'
import { failureOf, prompts } from './bench'
import type { Check } from './harness'
import { onStrategyBench, type StrategyBench, type StrategySubject } from './strategy-subject'
import { targetEndingWith } from './tiny-host'

/** Generations that end in the middle of what a round accepted. */
export function endingChecks(subject: StrategySubject): readonly Check[] {
  return [
    {
      name: 'end-of-sequence, stop tokens and stop texts end inside an accepted block',
      faults: () => stopFaults(subject),
    },
    { name: 'maxTokens ends inside an accepted block', faults: () => lengthFaults(subject) },
  ]
}

const prompt = prompts[1] as readonly number[]
const count = 24

/** Under accept-iff-equal, and under a rule that keeps whatever path was drafted. */
const rules: readonly (() => { readonly acceptance?: AcceptanceRule })[] = [
  () => ({}),
  () => ({ acceptance: anyPath().rule }),
]

async function stopFaults(subject: StrategySubject): Promise<readonly string[]> {
  const faults: string[] = []
  for (const rule of rules) {
    const error = await failureOf(async () => {
      faults.push(...(await endFaults(subject, rule)))
    })
    if (error !== null)
      faults.push(
        `endings: a generation failed: ${error}. One that ends inside an accepted block goes back to its end: truncate(length) returns how many entries still hold`,
      )
  }
  return faults
}

async function endFaults(subject: StrategySubject, rule: (typeof rules)[number]): Promise<readonly string[]> {
  const faults: string[] = []
  const whole = await onStrategyBench(subject, async (bench) => {
    const result = await run(bench, rule(), { ignoreEos: true })
    for (const options of stops(result)) {
      const found = await run(bench, rule(), { ...options, ignoreEos: true })
      faults.push(...compare(found, result, options))
    }
    return result
  })
  const eos = whole.ids.at(-4) as number
  const ends = (bench: StrategyBench) => run(bench, rule(), {})
  const ended = await onStrategyBench(subject, ends, { model: targetEndingWith(eos) })
  return [...faults, ...compare(ended, whole, { stopTokens: [eos] })]
}

async function run({ strategy, complete }: StrategyBench, rule: object, options: GenerateOptions): Promise<Completion> {
  return complete(prompt, { strategy, maxTokens: count, ...rule, ...options })
}

/** Tokens and texts out of a generation, of every place in a block. */
function stops({ ids, text }: Completion): readonly GenerateOptions[] {
  const tokens = [...new Set(ids)].map((id) => ({ stopTokens: [id] }))
  const texts = [3, 6, 9, 13].map((at) => ({ stop: text.slice(at, at + 2) })).filter(({ stop }) => stop.length === 2)
  return [...tokens, ...texts]
}

/** What is wrong with a generation that ought to be `whole` up to its end. */
function compare(found: Completion, whole: Completion, options: GenerateOptions): readonly string[] {
  const { stop, stopTokens = [] } = options
  const end = stopTokens.length > 0 ? whole.ids.indexOf(stopTokens[0] as number) : whole.text.indexOf(stop as string)
  const what = `with ${JSON.stringify(options)}`
  if (stopTokens.length === 0 && found.text !== whole.text.slice(0, end))
    return [
      `endings: ${what} the text is ${JSON.stringify(found.text)}, not the beginning of ${JSON.stringify(whole.text)}`,
    ]
  if (stopTokens.length > 0 && found.ids.join() !== whole.ids.slice(0, end + 1).join())
    return [
      `endings: ${what} the ids are [${found.ids}], not the beginning of [${whole.ids}]: a draft depends on the committed tokens, not on how the generation ends`,
    ]
  return []
}

async function lengthFaults(subject: StrategySubject): Promise<readonly string[]> {
  return onStrategyBench(subject, async (bench) => {
    const faults: string[] = []
    const plain = await bench.complete(prompt, { maxTokens: count, ignoreEos: true })
    for (let maxTokens = 1; maxTokens <= 12; maxTokens++)
      for (const rule of rules) {
        const chosen = rule()
        const error = await failureOf(async () => {
          const { ids, reason } = await run(bench, chosen, { maxTokens, ignoreEos: true })
          const same = chosen.acceptance !== undefined || ids.join() === plain.ids.slice(0, maxTokens).join()
          if (ids.length !== maxTokens || reason !== 'length' || !same)
            faults.push(
              `endings: maxTokens ${maxTokens} gave [${ids}], by ${reason}, where plain decoding goes [${plain.ids}]`,
            )
        })
        if (error !== null)
          faults.push(
            `endings: maxTokens ${maxTokens} failed: ${error}. A draft has at most budget.depth levels: one less than what is left`,
          )
      }
    return faults
  })
}
