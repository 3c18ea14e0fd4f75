import { both, choice, type Language, least, repeated, sequence, texts } from './language'
import { type Schema, schemaFault } from './schema'

/** Digits before and after the point: together few enough for a double to hold every such number apart from the next. */
interface Digits {
  readonly whole: number
  readonly fraction: number
}

const integers: Digits = { whole: 15, fraction: 0 }
const numbers: Digits = { whole: 9, fraction: 6 }

/** A number from 0 on, as digits: 3.50 is `3` and `5`. */
interface Magnitude {
  readonly whole: string
  readonly fraction: string
}

interface Bound {
  readonly value: number
  readonly open: boolean
}

/** Numbers with bounds; never `-0`, no exponents, at most 15 digits. Throws `INVALID_OPTION`. */
export function jsonNumber(schema: Schema, integer: boolean, path: string): Language {
  const digits = integer ? integers : numbers
  const low = tighter(schema, 'minimum', 'exclusiveMinimum', path, (a, b) => a > b)
  const high = tighter(schema, 'maximum', 'exclusiveMaximum', path, (a, b) => a < b)
  const positive = between(low, high, digits)
  const flip = (bound: Bound | null): Bound | null => bound && { ...bound, value: -bound.value }
  const negative = both(between(flip(high), flip(low), digits), above({ whole: '0', fraction: '' }, true, digits))
  return least(choice(positive, sequence(texts('-'), negative)))
}

/** Magnitudes between bounds of any sign. */
function between(low: Bound | null, high: Bound | null, digits: Digits): Language {
  const zero: Magnitude = { whole: '0', fraction: '' }
  const from = low && low.value >= 0 ? above(magnitude(low.value), low.open, digits) : above(zero, false, digits)
  if (!high) return from
  return high.value < 0 ? choice() : both(from, below(magnitude(high.value), high.open, digits))
}

function tighter(
  schema: Schema,
  closed: string,
  open: string,
  path: string,
  isTighter: (a: number, b: number) => boolean,
): Bound | null {
  const bounds = [closed, open].flatMap((keyword): Bound[] => {
    const value = schema[keyword]
    if (value === undefined) return []
    if (typeof value !== 'number' || !Number.isFinite(value)) throw schemaFault(path, `${keyword} has to be a number`)
    return [{ value, open: keyword === open }]
  })
  return bounds.reduce<Bound | null>((a, b) => (a && isTighter(a.value, b.value) ? a : b), null)
}

/** A number's digits without an exponent. */
function magnitude(value: number): Magnitude {
  const [digits = '', exponent = '0'] = String(Math.abs(value)).split('e')
  const [whole = '', fraction = ''] = digits.split('.')
  const shift = Number(exponent)
  const all = shift < 0 ? '0'.repeat(-shift) + whole + fraction : whole + fraction.padEnd(shift, '0')
  const point = shift < 0 ? whole.length : whole.length + shift
  return { whole: all.slice(0, point).replace(/^0+(?=.)/, ''), fraction: all.slice(point).replace(/0+$/, '') }
}

const digit = (from: number, to: number): Language =>
  texts(...Array.from({ length: to - from + 1 }, (_, i) => String(from + i)))
const anyDigit = digit(0, 9)

/** `from` to `to` digits of any kind. */
function some(from: number, to: number): Language {
  return repeated(anyDigit, from, to)
}

/** Nothing, or a point and digits. */
function maybeFraction({ fraction }: Digits): Language {
  return fraction === 0 ? texts('') : choice(texts(''), sequence(texts('.'), some(1, fraction)))
}

/** Magnitudes from a bound on; `open`: without it. */
function above({ whole, fraction }: Magnitude, open: boolean, digits: Digits): Language {
  if (whole.length > digits.whole) return choice()
  const longer = sequence(digit(1, 9), some(whole.length, digits.whole - 1))
  const same = [...whole].map((one, i) => {
    const least = Math.max(Number(one) + 1, i === 0 && whole.length > 1 ? 1 : 0)
    return sequence(texts(whole.slice(0, i)), digit(least, 9), some(whole.length - i - 1, whole.length - i - 1))
  })
  const larger = sequence(choice(longer, ...same), maybeFraction(digits))
  const fractions = [...fraction.slice(0, digits.fraction)].map((one, i) =>
    sequence(texts(fraction.slice(0, i)), digit(Number(one) + 1, 9), some(0, digits.fraction - i - 1)),
  )
  const left = digits.fraction - fraction.length
  if (left >= 0 && fraction !== '' && !open) fractions.push(sequence(texts(fraction), some(0, left)))
  if (left > 0 && (open || fraction === '')) {
    const nonZero = sequence(repeated(texts('0'), 0, left - 1), digit(1, 9), some(0, left - 1))
    fractions.push(both(sequence(texts(fraction), nonZero), some(0, digits.fraction)))
  }
  const zeros = left > 0 ? choice(texts(''), sequence(texts('.'), repeated(texts('0'), 1, left))) : texts('')
  const equal = !open && fraction === '' ? sequence(texts(whole), zeros) : choice()
  return choice(larger, equal, sequence(texts(whole), texts('.'), choice(...fractions)))
}

/** Magnitudes up to a bound; `open`: without it. */
function below({ whole, fraction }: Magnitude, open: boolean, digits: Digits): Language {
  if (whole.length > digits.whole) return above({ whole: '0', fraction: '' }, false, digits)
  const shorter = whole.length > 1 ? choice(texts('0'), sequence(digit(1, 9), some(0, whole.length - 2))) : choice()
  const same = [...whole].map((one, i) => {
    const least = i === 0 && whole.length > 1 ? 1 : 0
    const rest = some(whole.length - i - 1, whole.length - i - 1)
    return Number(one) - 1 < least ? choice() : sequence(texts(whole.slice(0, i)), digit(least, Number(one) - 1), rest)
  })
  const smaller = sequence(choice(shorter, ...same), maybeFraction(digits))
  const fractions = [...fraction.slice(0, digits.fraction)].flatMap((one, i) => {
    const shortened = i > 0 ? [texts(fraction.slice(0, i))] : []
    if (one === '0') return shortened
    const less = sequence(texts(fraction.slice(0, i)), digit(0, Number(one) - 1), some(0, digits.fraction - i - 1))
    return [...shortened, less]
  })
  const left = digits.fraction - fraction.length
  if (left < 0) fractions.push(texts(fraction.slice(0, digits.fraction)))
  else if (!open && digits.fraction > 0)
    fractions.push(both(sequence(texts(fraction), repeated(texts('0'), 0, left)), some(1, digits.fraction)))
  const plain = !open || fraction !== '' ? texts(whole) : choice()
  return choice(smaller, plain, sequence(texts(whole), texts('.'), choice(...fractions)))
}
