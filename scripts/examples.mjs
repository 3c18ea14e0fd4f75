// Examples are TypeScript and use the built packages, as their readers would.
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from './workspace.mjs'

/** The folders under examples/ that can be run. */
export const examples = readdirSync(join(root, 'examples'))
  .map((name) => join(root, 'examples', name))
  .filter((folder) => existsSync(join(folder, 'main.ts')))

/**
 * @param {string} folder
 * @returns {[string, ...string[]]} the command that runs its main.ts
 */
export function exampleCommand(folder) {
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')
  return [process.execPath, tsx, '--tsconfig', join(root, 'tsconfig.build.json'), join(folder, 'main.ts')]
}

/** @typedef {{ args: readonly string[], wrong: (stdout: string) => string | null }} Expectation */

/** Acceptance length of 1 is plain decoding: the draft model must have been of use. */
const acceptanceLength = /acceptance length (\d+\.\d+)/

/** As /metrics has it. */
const acceptedTokens = /^vllm:spec_decode_num_accepted_tokens_total\{.*\} (\d+)$/m

/** @type {Readonly<Record<string, Expectation>>} arguments for the gate, and what is wrong with what the example prints */
const expectations = {
  demo: {
    args: ['--json', '--tokens', '24'],
    wrong: (stdout) => (stdout.trim().includes('\n') ? 'more than one line on stdout' : notIdentical(stdout)),
  },
  '01-hello': {
    args: [],
    wrong: (stdout) =>
      Number(acceptanceLength.exec(stdout)?.[1]) > 1 ? null : 'no acceptance length above 1 on stdout',
  },
  '02-compare': {
    args: [
      ...['--strategies', 'lookup,draft:branches=2.1.1,eagle3:nodes=7;depth=4;topK=3,firstOf(lookup,medusa)'],
      ...['--limit', '2', '--max-tokens', '8', '--capacity', '128', '--json', '-'],
    ],
    wrong: notIdentical,
  },
  '05-openai-server': {
    args: ['--once'],
    wrong: (stdout) =>
      Number(acceptedTokens.exec(stdout)?.[1]) > 0 ? null : 'no accepted draft tokens in the metrics on stdout',
  },
  '07-serve-elsewhere': {
    args: [],
    wrong: (stdout) =>
      /^vllm serve /m.test(stdout) && /^python3 -m sglang\.launch_server /m.test(stdout)
        ? null
        : 'no commands of both servers on stdout',
  },
}

/**
 * How the gate runs an example, and what it must print: at least something.
 * @param {string} folder
 * @returns {Expectation}
 */
export function expectation(folder) {
  const something = { args: [], wrong: (/** @type {string} */ stdout) => (stdout.trim() ? null : 'it printed nothing') }
  return expectations[basename(folder)] ?? something
}

/**
 * What is wrong with a line of JSON that must have plain decoding and three strategies with its very tokens.
 * @param {string} line
 */
function notIdentical(line) {
  try {
    /** @type {{ strategies: { strategy: string, identical: boolean }[] }} */
    const { strategies } = JSON.parse(line)
    if (strategies.length < 4 || strategies[0]?.strategy !== 'plain')
      return 'not plain and three strategies in the JSON'
    const other = strategies.filter(({ identical }) => identical !== true).map(({ strategy }) => strategy)
    return other.length > 0 ? `not identical to plain: ${other.join(', ')}` : null
  } catch (error) {
    return `no line of JSON as expected: ${error}`
  }
}
