import type { Acceptance } from './acceptance'
import type { Comparison, Pair } from './compare-endpoint'
import { table } from './table'

/** What ran on both sides, for the first line. */
export interface Sides {
  readonly url: string
  readonly served: string
  readonly strategy: string
  /** What computed here. */
  readonly device: string
}

/** The comparison as lines: texts, speed, acceptance. */
export function comparisonText(comparison: Comparison, { url, served, strategy, device }: Sides): string {
  const { pairs, endpointAcceptance, localAcceptance, counted } = comparison
  const rows = [
    ['', 'tokens', 'tokens/s', 'first ms', 'length', 'proposed', 'accepted', '% accepted at position 1, 2, …'],
    ['endpoint', ...speed(pairs.map(({ endpoint }) => endpoint)), ...acceptance(endpointAcceptance)],
    [
      'here',
      ...speed(pairs.map(({ local }) => ({ ...local, tokens: local.ids.length }))),
      ...acceptance(localAcceptance),
    ],
  ]
  return [
    `endpoint  ${served} at ${url}`,
    `here      ${strategy} on ${device}`,
    '',
    table(rows, new Set([1, 2, 3, 4, 5, 6])),
    '',
    verdict(pairs, strategy),
    ...sameText(pairs),
    ...sourceLines(endpointAcceptance),
    ...(counted ? ['The endpoint does not tell how many tokens it wrote: they were counted here, from its text.'] : []),
  ].join('\n')
}

function speed(runs: readonly { readonly tokens: number; readonly firstMs: number; readonly ms: number }[]): string[] {
  const tokens = runs.reduce((sum, run) => sum + run.tokens, 0)
  return [`${tokens}`, figure(median(runs.map(rate))), figure(median(runs.map(({ firstMs }) => firstMs)))]
}

function rate({ tokens, ms }: { readonly tokens: number; readonly ms: number }): number {
  return (tokens * 1000) / ms
}

function acceptance(known: Acceptance | string): string[] {
  if (typeof known === 'string') return ['-', '-', '-', '-']
  const { length, counts, byPosition } = known
  const shares = byPosition.map((share) => (share * 100).toFixed(0)).join(' ')
  return [length.toFixed(2), `${counts?.proposed ?? '-'}`, `${counts?.accepted ?? '-'}`, shares || '-']
}

function verdict(pairs: readonly Pair[], strategy: string): string {
  const ratios = pairs.flatMap(({ endpoint, local }) =>
    endpoint.tokens > 0 && local.ids.length > 0 ? [rate({ ...local, tokens: local.ids.length }) / rate(endpoint)] : [],
  )
  if (ratios.length === 0) return 'Nothing was written, so that there is no speed to compare.'
  const ratio = Math.exp(ratios.reduce((sum, each) => sum + Math.log(each), 0) / ratios.length)
  const word = ratio < 1 ? 'slower' : 'faster'
  return `${strategy} here runs at ${figure(ratio)}x the endpoint's speed: ${word} (geometric mean over ${ratios.length} prompt${ratios.length > 1 ? 's' : ''}; whole requests, the network among them).`
}

function sameText(pairs: readonly Pair[]): readonly string[] {
  const equal = pairs.filter(({ difference }) => difference === null).length
  const characters = pairs.reduce((sum, { local }) => sum + local.text.length, 0)
  const before = pairs.reduce((sum, { difference, local }) => sum + (difference?.character ?? local.text.length), 0)
  const share = characters === 0 ? 100 : (100 * before) / characters
  const lines = pairs.flatMap(({ name, difference }) =>
    difference
      ? [
          `  ${name}: differs from token ${difference.token} (character ${difference.character}): endpoint ${shown(difference.endpoint)}, here ${shown(difference.local)}`,
        ]
      : [],
  )
  return [
    `Same text: ${equal} of ${pairs.length}${lines.length > 0 ? `; ${share.toFixed(0)} % of the characters stand before the first difference` : ''}.`,
    ...lines,
  ]
}

function shown(text: string): string {
  return text === '' ? 'ends' : JSON.stringify(text)
}

function sourceLines(known: Acceptance | string): readonly string[] {
  return [
    typeof known === 'string' ? `Acceptance of the endpoint is not known: ${known}.` : `Acceptance: ${known.source}.`,
  ]
}

/** Three significant figures or all whole ones. */
function figure(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[middle] as number
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
