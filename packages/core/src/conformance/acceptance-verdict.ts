import type { Committed, HostDraft } from '../spec'
import type { RuleSubject } from './acceptance-subject'
import { failureOf, onBench, prompts } from './bench'
import type { Check } from './harness'
import { anyTree, scripted } from './scripted'
import { TINY_VOCAB } from './tiny-tokenizer'
import { leak } from './watched-backend'

/** What every rule does, lossy ones too. */
export function verdictChecks(subject: RuleSubject): readonly Check[] {
  return [
    { name: 'a path of the tree is kept, and one token more', faults: () => pathFaults(subject) },
    { name: 'the same seed gives the same tokens', faults: () => seedFaults(subject) },
    { name: 'nothing is left on the device', faults: () => leftFaults(subject) },
  ]
}

async function pathFaults({ rule, backend }: RuleSubject): Promise<readonly string[]> {
  const faults: string[] = []
  const strategy = scripted(anyTree(TINY_VOCAB), (tree, committed) => faults.push(...misread(tree, committed)))
  await onBench(backend, { strategies: [strategy] }, async ({ complete }) => {
    for (const temperature of [0, 1])
      for (const prompt of prompts) {
        const options = {
          strategy: 'scripted',
          acceptance: rule(),
          maxTokens: 30,
          ignoreEos: true,
          temperature,
          seed: 4,
        }
        const error = await failureOf(() => complete(prompt, options))
        if (error !== null) faults.push(`verdict: a round at temperature ${temperature} failed: ${error}`)
      }
  })
  return faults
}

/** What is wrong with an outcome, seen from its tree. */
function misread(tree: HostDraft, { path, tokens, accepted }: Committed): readonly string[] {
  const faults: string[] = []
  if (path.length !== accepted || tokens.length !== accepted + 1)
    faults.push(
      `verdict: ${accepted} nodes were accepted, but the path has ${path.length} and ${tokens.length} tokens came: a round commits its path's tokens and one more`,
    )
  path.forEach((node, depth) => {
    const above = depth === 0 ? -1 : path[depth - 1]
    if (tree.parents[node] !== above)
      faults.push(
        `verdict: node ${node} of the path [${path}] is no child of ${above}, with parents [${tree.parents}]: a path goes down from the pending token (-1)`,
      )
    if (tree.tokens[node] !== tokens[depth])
      faults.push(`verdict: node ${node} holds token ${tree.tokens[node]}, but ${tokens[depth]} came in its place`)
  })
  return faults
}

async function seedFaults({ rule, backend }: RuleSubject): Promise<readonly string[]> {
  const run = () =>
    onBench(backend, { strategies: [scripted(anyTree(TINY_VOCAB))] }, async ({ complete }) => {
      const options = { strategy: 'scripted', acceptance: rule(), maxTokens: 40, ignoreEos: true, temperature: 1 }
      return (await complete([5, 9, 11], { ...options, seed: 12 })).ids.join()
    })
  const [first, second] = [await run(), await run()]
  return first === second
    ? []
    : [
        `seed: [${first}] came, then [${second}] with the same seed: draw from args.noise and args.length (on the device from sampling), never from Math.random`,
      ]
}

async function leftFaults({ rule, backend }: RuleSubject): Promise<readonly string[]> {
  return onBench(backend, { strategies: [scripted(anyTree(TINY_VOCAB))] }, async ({ complete, watched }) => {
    const loaded = watched.held
    await complete([5, 9, 11], { strategy: 'scripted', acceptance: rule(), maxTokens: 8, ignoreEos: true })
    const left = leak(watched.held, loaded)
    return left === null
      ? []
      : [`memory: ${left} are left after a generation: a verdict's dispose frees what start took`]
  })
}
