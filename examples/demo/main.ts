// Tells a story plain and with each strategy on the best backend here, and compares them.
import { type Backend, createEngine, type Engine, OutriderError, type Strategy } from '@outrider/core'
import { draftModel, lookup } from '@outrider/strategy-draft'
import { eagle } from '@outrider/strategy-eagle'
import { medusa } from '@outrider/strategy-medusa'
import { mtp } from '@outrider/strategy-mtp'
import { chooseMarks } from './marks'
import { openBackend } from './open-backend'
import { type DemoOptions, help, readOptions } from './options'
import { compare, format, type Row } from './table'
import { type Telling, tell, warmUp } from './tell'

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(help)
  else await demo(options)
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  console.error(OutriderError.is(error) ? `${error.code}: ${message}` : message)
  process.exitCode = 1
}

async function demo(options: DemoOptions): Promise<void> {
  const { backend, about } = await openBackend(options.backend)
  const say = options.json ? () => {} : (text: string) => void process.stdout.write(text)
  say(`${about}\n`)
  try {
    const engine = await load(backend, options)
    try {
      const rows = compare(await tellAll(engine, options, say))
      if (options.json) console.log(JSON.stringify({ ...facts(engine, about, options), strategies: rows }))
      else console.log(`${format(rows)}\n${verdict(rows)}`)
      if (rows.some(({ identical }) => !identical)) process.exitCode = 1
    } finally {
      await engine.dispose()
    }
  } finally {
    backend.dispose()
  }
}

function load(backend: Backend, { model, draft, heads }: DemoOptions): Promise<Engine> {
  const drafted: readonly Strategy[] = draft
    ? [
        draftModel({ model: draft, name: 'draft-chain', tokens: 3 }),
        draftModel({ model: draft, name: 'draft-tree', branches: [2, 1, 1] }),
      ]
    : []
  const headed: readonly Strategy[] = heads
    ? [
        eagle({ head: `${heads}/eagle3`, name: 'eagle3', tree: { depth: 4, topK: 3, nodes: 7 } }),
        mtp({ head: `${heads}/mtp` }),
        medusa({ head: `${heads}/medusa` }),
      ]
    : []
  return createEngine({ backend, model, strategies: [lookup({ tokens: 5 }), ...drafted, ...headed] })
}

async function tellAll(engine: Engine, options: DemoOptions, say: (text: string) => void): Promise<readonly Telling[]> {
  const { tokenizer } = engine
  if (!tokenizer) throw new OutriderError('TOKENIZER_MISSING', 'this model came without a tokenizer: choose another')
  const marks = chooseMarks(process.stdout.isTTY)
  const prompt = tokenizer.encode(options.prompt, { bos: true })
  say('Warming up …\n')
  await warmUp(engine, prompt)
  say(`${marks.legend}\n\n`)
  const tellings: Telling[] = []
  for (const strategy of engine.strategies) {
    say(`${strategy}: ${tokenizer.decode(prompt)}`)
    tellings.push(await tell(engine, prompt, { strategy, maxTokens: options.tokens }, (part) => say(marks.show(part))))
    say('\n\n')
  }
  return tellings
}

function facts(engine: Engine, about: string, { model, prompt }: DemoOptions): Readonly<Record<string, unknown>> {
  const { name, device, software } = engine.backend.info
  return { backend: name, device, software, about, model, prompt, exact: engine.exact }
}

function verdict(rows: readonly Row[]): string {
  const changed = rows.filter(({ identical }) => !identical).map(({ strategy }) => strategy)
  if (changed.length > 0)
    return `The text of ${changed.join(' and ')} is not that of plain decoding: please report this.`
  const plain = rows[0]?.tokensPerSecond ?? null
  if (plain === null) return 'Too short to compare speeds.'
  const named = (faster: boolean) =>
    rows
      .slice(1)
      .filter(({ tokensPerSecond }) => tokensPerSecond !== null && tokensPerSecond > plain === faster)
      .map(({ strategy }) => strategy)
      .join(', ') || 'none'
  return `Faster than plain here: ${named(true)}. Slower: ${named(false)}.`
}
