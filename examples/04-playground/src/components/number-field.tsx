import type { ComponentChildren } from 'preact'

interface NumberFieldProps {
  readonly id: string
  readonly label: ComponentChildren
  /** Empty where it is undefined. */
  readonly value: number | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly step?: number | 'any'
  readonly placeholder?: string | undefined
  readonly title?: string | undefined
  readonly onChange: (value: number | undefined) => void
}

/** A number with its label; an empty field is no number. */
export function NumberField({ id, label, value, onChange, ...rest }: NumberFieldProps) {
  const given = Object.fromEntries(Object.entries(rest).filter(([, each]) => each !== undefined))
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        inputMode="decimal"
        value={value ?? ''}
        onChange={({ currentTarget }) => {
          const number = currentTarget.valueAsNumber
          onChange(Number.isNaN(number) ? undefined : number)
        }}
        {...given}
      />
    </div>
  )
}
