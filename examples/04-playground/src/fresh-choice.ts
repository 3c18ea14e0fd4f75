import { compositions, locationsOf, strategies } from './catalogue'
import { plain, type StrategyChoice } from './choice'

/** A strategy that was just chosen, with the checkpoint that suits it and the parts that it cannot do without. */
export function freshChoice(strategy: string, heads: readonly string[]): StrategyChoice {
  const composition = compositions.find(({ name }) => name === strategy)
  if (composition) {
    const usable = strategies.map(({ name }) => freshChoice(name, heads)).filter((each) => fits(each, heads))
    const [first = plain, second = first] = [usable.findLast(needsNothing), usable.find((each) => !needsNothing(each))]
      .filter((each) => each !== undefined)
      .concat(usable)
    return { strategy, options: {}, parts: [first, second].slice(-Math.min(2, composition.parts.maximum)) }
  }
  const descriptor = strategies.find(({ name }) => name === strategy)
  if (!descriptor) return { strategy, options: {}, parts: [] }
  const head = heads.find((each) => strategy.startsWith(each.replace(/\d+$/, '')))
  const places = head === undefined ? [] : locationsOf(descriptor).map((option) => [option, head])
  const numbers = (descriptor.options.required ?? []).flatMap((option) => {
    const schema = descriptor.options.properties[option]
    return schema?.type === 'integer' ? [[option, schema.default ?? schema.minimum ?? 1]] : []
  })
  return { strategy, options: Object.fromEntries([...places, ...numbers]), parts: [] }
}

/** The choice where its checkpoints can lie with a model of these heads, else the like with the model's own, else one that needs none. */
export function fittingChoice(choice: StrategyChoice, heads: readonly string[]): StrategyChoice {
  const alike = freshChoice(choice.strategy, heads)
  return (
    [choice, alike, ...strategies.map(({ name }) => freshChoice(name, heads))].find((each) => fits(each, heads)) ??
    plain
  )
}

/** Whether it has what it requires, and checkpoints that are named as folders of the model are there. */
function fits({ strategy, options, parts }: StrategyChoice, heads: readonly string[]): boolean {
  const descriptor = strategies.find(({ name }) => name === strategy)
  const given = (descriptor?.options.required ?? []).every((option) => options[option] !== undefined)
  const places = descriptor ? locationsOf(descriptor).map((option) => options[option]) : []
  const there = places.every((place) => typeof place !== 'string' || place.includes('/') || heads.includes(place))
  return given && there && parts.every((part) => fits(part, heads))
}

function needsNothing({ options }: StrategyChoice): boolean {
  return Object.keys(options).length === 0
}
