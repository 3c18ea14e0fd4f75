/** Three significant figures or all whole ones: 1234, 123, 12.3, 1.23; a dash for what was not measured. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)
}

/** A ratio and what it means: `0.45× slower`. `slower` is the report's own word, which a rounded 1.00 may not tell. */
export function ratio({ geomean, slower }: { readonly geomean: number; readonly slower: boolean }): string {
  return `${geomean.toFixed(2)}× ${slower ? 'slower' : 'faster'}`
}

/** Of a share between 0 and 1. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

/** `1 prompt`, `4 prompts`. */
export function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}
