import { type OptionSchema, OutriderError, type Strategy, type StrategyDescriptor } from '@outrider/core'
import Ajv from 'ajv/dist/2020'

type Values = Readonly<Record<string, unknown>>

/** What an option may be at its edges, and what it may not, as the schema says it. */
function edges(schema: OptionSchema): { readonly good: readonly unknown[]; readonly bad: readonly unknown[] } {
  if (schema.type === 'string') {
    const good = schema.enum ?? ['somewhere']
    return { good, bad: schema.enum ? ['neither'] : [] }
  }
  if (schema.type === 'array')
    return schema.items.type === 'array' ? { good: [[[0]]], bad: [[]] } : { good: [[1]], bad: [[]] }
  if (schema.type === 'object') {
    const inner = Object.entries(schema.properties).map(([name, option]) => ({ name, ...edges(option) }))
    const within = (of: 'good' | 'bad') => inner.flatMap((each) => each[of].map((value) => ({ [each.name]: value })))
    return { good: [{}, ...within('good')], bad: within('bad') }
  }
  const { minimum, maximum, default: usual, type } = schema
  const known = (value: number | undefined) => (value === undefined ? [] : [value])
  // 0 as the least of a number may be open: its description says so.
  const least = type === 'integer' ? known(minimum) : []
  const bad = [...known(minimum).map((value) => value - 1), ...known(maximum).map((value) => value + 1)]
  return { good: [...least, ...known(maximum), ...known(usual)], bad: type === 'integer' ? [...bad, 1.5] : bad }
}

/**
 * Where a descriptor and its factory disagree, as sentences: values at the edges of what the schema allows must be taken by both, values
 * beyond refused by both, with `INVALID_OPTION`; `needed` goes with every one.
 */
export function descriptorFaults(
  { name, options, ...descriptor }: StrategyDescriptor,
  needed: Values = {},
  create: (options: Values) => Strategy = (given) => descriptor.create(given),
): string[] {
  const valid = new Ajv({ strict: false, formats: { 'model-location': true } }).compile(options)
  const faults: string[] = []
  const told = (given: Values): string | null => {
    try {
      create(given)
      return null
    } catch (error) {
      return OutriderError.is(error, 'INVALID_OPTION') ? error.message : `another error: ${String(error)}`
    }
  }
  const expectTaken = (given: Values) => {
    if (!valid(given)) faults.push(`${name}: the schema refuses ${JSON.stringify(given)}`)
    const refusal = told(given)
    if (refusal !== null) faults.push(`${name}: the factory refuses ${JSON.stringify(given)}: ${refusal}`)
  }
  if (create(needed).name !== name) faults.push(`${name}: the strategy is called ${create(needed).name}`)
  if (create({ ...needed, name: 'mine' }).name !== 'mine') faults.push(`${name}: takes no other name`)
  expectTaken(needed)
  for (const [option, schema] of Object.entries(options.properties)) {
    const { good, bad } = edges(schema)
    for (const value of good) expectTaken({ ...needed, [option]: value })
    for (const value of bad) {
      const given = { ...needed, [option]: value }
      if (valid(given)) faults.push(`${name}: the schema takes ${JSON.stringify(given)}`)
      const refusal = told(given)
      if (refusal === null || refusal.startsWith('another error'))
        faults.push(`${name}: the factory says of ${JSON.stringify(given)}: ${refusal}`)
    }
  }
  for (const required of options.required ?? []) {
    const { [required]: _, ...rest } = needed
    if (valid(rest)) faults.push(`${name}: the schema takes options without ${required}`)
  }
  for (const group of options.atMostOneOf ?? []) {
    const [first = '', second = ''] = group
    const both = Object.fromEntries(
      [first, second].map((option) => [option, edges(options.properties[option] as OptionSchema).good[0]]),
    )
    if (told({ ...needed, ...both }) === null) faults.push(`${name}: the factory takes ${first} and ${second}`)
  }
  return faults
}
