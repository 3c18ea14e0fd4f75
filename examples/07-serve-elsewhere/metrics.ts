/** A sample of Prometheus' text format. */
export interface Sample {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/
const label = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g

/** Reads Prometheus' text format; comments and lines that are no samples are passed over. */
export function readMetrics(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = sample.exec(line.trim()) ?? []
    if (name === undefined || line.startsWith('#')) return []
    const pairs = [...labels.matchAll(label)].map(([, key = '', text = '']) => [key, unescaped(text)] as const)
    return [{ name, labels: new Map(pairs), value: number(value as string) }]
  })
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

function number(text: string): number {
  if (/^[+-]?Inf$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return Number(text)
}

/** The sum of a counter over its labels; null where it is not there. */
export function total(samples: readonly Sample[], name: string): number | null {
  const found = samples.filter((each) => each.name === name)
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0)
}
