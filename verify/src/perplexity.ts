import { readFile } from 'node:fs/promises'
import { type Backend, loadDecoder, openCheckpoint, type Tokenizer } from '@outrider/core'
import type { Arithmetic } from '@outrider/core/spec'
import type { CheckResult } from './checks'
import { type LogitLoss, logitLoss, type Scored } from './logit-loss'
import type { Run } from './run'

const slots = 512
/**
 * What an arithmetic may lose, with some room above what PyTorch's simulation of it loses (0.3 % of perplexity, 3.4 % of the
 * choices), and three standard errors of so many tokens.
 */
const allowed = { nats: 0.01, sameGreedy: 0.95 }

/** What `verifyPerplexity` reads. */
export interface PerplexityFiles {
  readonly gguf: string
  readonly prompts: string
  /** Tokens to predict. */
  readonly tokens: number
  /** What is held against float32. */
  readonly arithmetic: Arithmetic
}

/** An arithmetic's loss of perplexity against float32 on the same kind of backend, over real text that both are fed. */
export async function verifyPerplexity(
  run: Run,
  open: (arithmetic: Arithmetic) => Promise<Backend>,
  { gguf, prompts, tokens, arithmetic }: PerplexityFiles,
): Promise<void> {
  const texts = await promptTexts(prompts)
  await run.check(`SmolLM2: perplexity in ${arithmetic} against f32`, async () => {
    const scored: Scored[] = []
    try {
      let tokenizer: Tokenizer | undefined
      for (const each of ['f32', arithmetic] as const) {
        const backend = await open(each)
        const checkpoint = await openCheckpoint(gguf)
        tokenizer ??= (await checkpoint.tokenizer()) ?? undefined
        scored.push({ backend, model: await loadDecoder(backend, checkpoint, { slots: slots + 64, maxRows: 64 }) })
        await checkpoint.close()
      }
      const ids = texts.map((text) => (tokenizer as Tokenizer).encode(text))
      const loss = await logitLoss(scored as [Scored, Scored] & Scored[], ids, tokens, slots)
      run.report(`SmolLM2, ${arithmetic} against f32`, { ...loss })
      return verdict(loss)
    } finally {
      for (const { backend, model } of scored) {
        model.dispose()
        backend.dispose()
      }
    }
  })
}

function verdict(loss: LogitLoss): CheckResult {
  const [expected, found] = loss.perplexity
  const most = Math.exp(allowed.nats + (3 * loss.rms) / Math.sqrt(loss.tokens))
  const least = allowed.sameGreedy - 3 * Math.sqrt((allowed.sameGreedy * (1 - allowed.sameGreedy)) / loss.tokens)
  const faults = [
    ...(found <= most * expected ? [] : [`perplexity is ${found / expected} times that of f32, allowed are ${most}`]),
    ...(loss.sameGreedy >= least ? [] : [`${loss.sameGreedy} of the most probable tokens are the same, not ${least}`]),
  ]
  const share = (100 * loss.sameGreedy).toFixed(2)
  const note = `${loss.tokens} tokens, perplexity ${found.toFixed(4)} for ${expected.toFixed(4)}, KL ${loss.divergence.toExponential(2)} nats, ${share} % of greedy tokens equal, log-probabilities off by ${loss.rms.toExponential(2)} (rms)`
  return { faults, note }
}

/** All turns of each prompt. */
async function promptTexts(file: string): Promise<readonly string[]> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  return lines.map((line) => (JSON.parse(line) as { turns: readonly string[] }).turns.join('\n\n'))
}
