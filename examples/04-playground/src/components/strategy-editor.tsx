import type { OptionsSchema } from '@outrider/core'
import { compositions, strategies } from '../catalogue'
import type { StrategyChoice } from '../choice'
import { freshChoice } from '../fresh-choice'
import { OptionField, withOption } from './option-field'

interface StrategyEditorProps {
  readonly id: string
  readonly label: string
  readonly choice: StrategyChoice
  readonly heads: readonly string[]
  /** Whether compositions, and plain decoding, may be chosen. */
  readonly compose?: boolean
  readonly onChange: (choice: StrategyChoice) => void
}

/** A strategy with the options that it declares, and the parts of a composition. */
export function StrategyEditor({ id, label, choice, heads, compose = false, onChange }: StrategyEditorProps) {
  const descriptor = [...strategies, ...compositions].find(({ name }) => name === choice.strategy)
  const composition = compositions.find(({ name }) => name === choice.strategy)
  return (
    <div class="strategy">
      <div class="field wide">
        <label for={id}>{label}</label>
        <select
          id={id}
          value={choice.strategy}
          onChange={({ currentTarget }) => onChange(freshChoice(currentTarget.value, heads))}
        >
          {compose && <option value="plain">plain: no drafting</option>}
          {strategies.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
          {compose && (
            <optgroup label="made of others">
              {compositions.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </optgroup>
          )}
        </select>
      </div>
      {descriptor && <p class="hint">{descriptor.description}</p>}
      {descriptor && (
        <Options
          id={id}
          schema={descriptor.options}
          options={choice.options}
          heads={heads}
          onChange={(options) => onChange({ ...choice, options })}
        />
      )}
      {composition && (
        <div class="parts">
          {choice.parts.map((part, place) => (
            <StrategyEditor
              key={place}
              id={`${id}-${place}`}
              label={`Part ${place + 1}`}
              choice={part}
              heads={heads}
              onChange={(changed) => onChange({ ...choice, parts: choice.parts.with(place, changed) })}
            />
          ))}
          {choice.parts.length < Math.min(3, composition.parts.maximum) && (
            <button
              type="button"
              onClick={() => onChange({ ...choice, parts: [...choice.parts, freshChoice('lookup', heads)] })}
            >
              Add a part
            </button>
          )}
          {choice.parts.length > composition.parts.minimum && (
            <button type="button" onClick={() => onChange({ ...choice, parts: choice.parts.slice(0, -1) })}>
              Remove the last
            </button>
          )}
        </div>
      )}
    </div>
  )
}

interface OptionsProps {
  readonly id: string
  readonly schema: OptionsSchema
  readonly options: Readonly<Record<string, unknown>>
  readonly heads: readonly string[]
  readonly onChange: (options: Readonly<Record<string, unknown>>) => void
}

/** Required options first; what stands for one another is chosen by its name, and the rest is folded away. */
function Options({ id, schema, options, heads, onChange }: OptionsProps) {
  const field = (name: string) => (
    <OptionField
      key={name}
      id={`${id}-${name}`}
      name={name}
      schema={schema.properties[name] as OptionsSchema['properties'][string]}
      value={options[name]}
      heads={heads}
      onChange={(value) => onChange(withOption(options, name, value))}
    />
  )
  const { required = [], atMostOneOf = [] } = schema
  const [shapes = []] = atMostOneOf
  const shape = shapes.find((name) => options[name] !== undefined) ?? ''
  const rest = Object.keys(schema.properties).filter((name) => !required.includes(name) && !shapes.includes(name))
  const choose = (name: string) => {
    const without = shapes.reduce((left, each) => withOption(left, each, undefined), options)
    onChange(name === '' ? without : { ...without, [name]: beginning(schema.properties[name]) })
  }
  return (
    <div class="fields">
      {required.map(field)}
      {shapes.length > 0 && (
        <div class="field wide">
          <label for={`${id}-shape`}>drafts</label>
          <select id={`${id}-shape`} value={shape} onChange={({ currentTarget }) => choose(currentTarget.value)}>
            <option value="">what it drafts by default</option>
            {shapes.map((name) => (
              <option key={name} value={name}>
                by {name}
              </option>
            ))}
          </select>
        </div>
      )}
      {shape !== '' && field(shape)}
      {shapes.length === 0 || rest.length === 0 ? (
        rest.map(field)
      ) : (
        <details class="wide">
          <summary>More options</summary>
          <div class="fields">{rest.map(field)}</div>
        </details>
      )}
    </div>
  )
}

/** What an option begins with where it is chosen. */
function beginning(schema: OptionsSchema['properties'][string] | undefined): unknown {
  if (schema?.type === 'object') return {}
  if (schema?.type === 'array') return schema.items.type === 'array' ? [[0], [0, 0], [1]] : [2, 2, 1]
  if (schema?.type === 'integer') return schema.default ?? schema.minimum ?? 1
  return schema?.type === 'number' || schema?.type === 'string' ? schema.default : undefined
}
