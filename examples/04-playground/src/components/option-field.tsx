import type { OptionSchema } from '@outrider/core'
import { NumberField } from './number-field'

interface OptionFieldProps {
  readonly id: string
  readonly name: string
  readonly schema: OptionSchema
  readonly value: unknown
  /** Folders of the model that hold checkpoints. */
  readonly heads: readonly string[]
  readonly onChange: (value: unknown) => void
}

/** A field for an option, as its schema says it; empty leaves the option to the strategy. */
export function OptionField({ id, name, schema, value, heads, onChange }: OptionFieldProps) {
  if (schema.type === 'integer' || schema.type === 'number')
    return (
      <NumberField
        id={id}
        label={name}
        title={schema.description}
        value={typeof value === 'number' ? value : undefined}
        min={schema.minimum}
        max={schema.maximum}
        step={schema.type === 'integer' ? 1 : 'any'}
        placeholder={schema.default === undefined ? 'own choice' : String(schema.default)}
        onChange={onChange}
      />
    )
  if (schema.type === 'object')
    return (
      <fieldset class="group" title={schema.description}>
        <legend>{name}</legend>
        <div class="fields">
          {Object.entries(schema.properties).map(([key, inner]) => (
            <OptionField
              key={key}
              id={`${id}-${key}`}
              name={key}
              schema={inner}
              value={isRecord(value) ? value[key] : undefined}
              heads={heads}
              onChange={(given) => onChange(withOption(isRecord(value) ? value : {}, key, given))}
            />
          ))}
        </div>
      </fieldset>
    )
  if (schema.type === 'string' && schema.enum)
    return (
      <div class="field">
        <label for={id}>{name}</label>
        <select
          id={id}
          title={schema.description}
          value={typeof value === 'string' ? value : ''}
          onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
        >
          <option value="">own choice</option>
          {schema.enum.map((word) => (
            <option key={word}>{word}</option>
          ))}
        </select>
      </div>
    )
  const list = schema.type === 'array'
  return (
    <div class="field wide">
      <label for={id}>{name}</label>
      <input
        id={id}
        type="text"
        title={schema.description}
        placeholder={list ? 'own choice' : 'folder, URL or Hub id'}
        autocomplete="off"
        spellcheck={false}
        list={list ? undefined : `${id}-heads`}
        value={list ? writeList(value) : typeof value === 'string' ? value : ''}
        onChange={({ currentTarget }) =>
          onChange(list ? readList(currentTarget.value) : currentTarget.value || undefined)
        }
      />
      {!list && (
        <datalist id={`${id}-heads`}>
          {heads.map((head) => (
            <option key={head}>{head}</option>
          ))}
        </datalist>
      )}
    </div>
  )
}

/** Options with one more, or without it where it is undefined. */
export function withOption(
  options: Readonly<Record<string, unknown>>,
  name: string,
  value: unknown,
): Readonly<Record<string, unknown>> {
  const { [name]: _, ...rest } = options
  return value === undefined ? rest : { ...rest, [name]: value }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `3, 2, 1`, and paths of ranks as `0; 0.0; 1`. */
function writeList(value: unknown): string {
  if (!Array.isArray(value)) return ''
  return value.some(Array.isArray) ? value.map((path) => [path].flat().join('.')).join('; ') : value.join(', ')
}

function readList(text: string): unknown {
  const numbers = (part: string) => part.split(/[.,\s]+/).flatMap((word) => (word === '' ? [] : [Number(word)]))
  if (text.trim() === '') return undefined
  return text.includes(';') ? text.split(';').map(numbers) : numbers(text)
}
