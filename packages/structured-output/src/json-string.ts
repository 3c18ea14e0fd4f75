import { jsonCharacter, jsonCharacters, quoted } from './json-text'
import { both, type Language } from './language'
import { patternLanguage } from './pattern'
import { count, type Schema, schemaFault } from './schema'

const date =
  '\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))'
const time = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)'
const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'

/** Texts that satisfy each format; not always all of them: no 29th of February, only common addresses. */
const formats: Readonly<Record<string, string>> = {
  date,
  time,
  'date-time': `${date}T${time}`,
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  ipv4: `${byte}(?:\\.${byte}){3}`,
  email: '[a-z0-9_+-]{1,20}(?:\\.[a-z0-9_+-]{1,20}){0,2}@(?:[a-z0-9]{1,20}\\.){1,3}[a-z]{2,10}',
}

/** Strings with `minLength`, `maxLength`, `pattern` and `format`. Throws `INVALID_OPTION`. */
export function jsonString(schema: Schema, path: string): Language {
  const { pattern, format } = schema
  const name = `json-schema ${path}`
  const parts: Language[] = []
  if (pattern !== undefined) {
    if (typeof pattern !== 'string') throw schemaFault(path, 'pattern has to be a string')
    parts.push(patternLanguage(pattern, 'u', { name, character: jsonCharacter, extent: 'part' }))
  }
  if (format !== undefined) {
    const known = typeof format === 'string' ? formats[format] : undefined
    if (known === undefined)
      throw schemaFault(
        path,
        `the format ${format} is not known: ${Object.keys(formats).join(', ')} are; or give a pattern`,
      )
    parts.push(patternLanguage(known, 'u', { name, character: jsonCharacter, extent: 'whole' }))
  }
  if (parts.length === 0 || schema.minLength !== undefined || schema.maxLength !== undefined)
    parts.push(jsonCharacters(count(schema, 'minLength', path) ?? 0, count(schema, 'maxLength', path) ?? Infinity))
  return quoted(parts.reduce(both))
}
