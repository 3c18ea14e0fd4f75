import { describe, expect, test } from 'vitest'
import { buildStrategy } from './strategy-build'
import { parseStrategies } from './strategy-spec'
import { UsageError } from './usage-error'

describe('strategy expressions', () => {
  test('are words, options and compositions; commas in parentheses do not end one', () => {
    const [plain, tree, composed, adaptive] = parseStrategies(
      'plain, eagle3:nodes=15;depth=5;topK=4, firstOf(lookup:tokens=5, adaptive(medusa)), adaptive(mtp):draftCost=0.2',
    )
    expect(plain).toEqual({ name: 'plain', parts: [], options: new Map(), text: 'plain' })
    expect(tree?.text).toBe('eagle3:nodes=15;depth=5;topK=4')
    expect([...(tree?.options ?? [])]).toEqual([
      ['nodes', '15'],
      ['depth', '5'],
      ['topK', '4'],
    ])
    expect(composed?.text).toBe('firstOf(lookup:tokens=5,adaptive(medusa))')
    expect(composed?.parts.map(({ text }) => text)).toEqual(['lookup:tokens=5', 'adaptive(medusa)'])
    expect(composed?.parts[1]?.parts[0]?.name).toBe('medusa')
    expect(adaptive?.options.get('draftCost')).toBe('0.2')
  })

  test.each([
    ['', 'expected the name of a strategy at the beginning, found the end'],
    ['lookup,', 'after "lookup,", found the end'],
    ['firstOf(lookup', 'expected "," or ")" after "firstOf(lookup", found the end'],
    ['firstOf()', 'expected the name of a strategy after "firstOf(", found ")"'],
    ['lookup)', 'expected "," or the end after "lookup", found ")"'],
    ['lookup:', 'expected the name of an option after "lookup:"'],
    ['lookup:tokens', 'expected "=" and a value for tokens'],
    ['lookup:tokens=', 'expected a value for tokens'],
    ['lookup:tokens=5;', 'expected the name of an option after "lookup:tokens=5;"'],
    ['lookup:tokens=5;tokens=6', 'lookup has tokens twice'],
    ['lookup tokens', 'no strategy "lookuptokens"'],
    ['eagel3', 'no strategy "eagel3": choose of plain, lookup'],
    ['lookup:size=5', 'lookup has no option size: it has tokens, minNgram, maxNgram'],
    ['firstOf(lookup):tokens=3', 'firstOf has no option tokens: it has none'],
    ['lookup:tokens=five', 'lookup:tokens=five: tokens must be a number, not "five"'],
    ['lookup:tokens=0', 'lookup:tokens=0: lookup: tokens must be a whole number of at least 1, not 0'],
    ['draft:branches=3..1', 'branches must be a number, not ""'],
    ['eagle3:tokens=3;nodes=9', 'eagle: give one of tokens and tree'],
    ['earlyExit:tokens=3', 'earlyExit needs layer'],
    ['lookup(eagle3)', 'lookup takes no strategies in parentheses'],
    ['firstOf(lookup)', 'firstOf takes 2 to 9 strategies in parentheses'],
    ['adaptive(lookup,mtp)', 'adaptive takes one strategy in parentheses'],
    ['firstOf(lookup,lookup)', 'firstOf(lookup,lookup): '],
  ])('%j is refused', (text, message) => {
    const build = () => parseStrategies(text).map((spec) => buildStrategy(spec, 'heads'))
    expect(build).toThrow(UsageError)
    expect(build).toThrow(message)
  })

  test('make strategies under their own text', () => {
    const all =
      'lookup,suffix:nodes=15,draft:branches=3.2.1,eagle3,eagle1:tokens=4,medusa:nodes=15,mtp:tokens=3,earlyExit:layer=4;tokens=3,' +
      'firstOf(lookup,eagle3),merged(lookup,eagle3:tokens=3),adaptive(eagle3),medusa:grown=15;depth=3'
    const specs = parseStrategies(all)
    expect(specs).toHaveLength(12)
    for (const spec of specs) expect(buildStrategy(spec, 'heads').name).toBe(spec.text)
  })

  test('with a head need to know where it is', () => {
    const [spec] = parseStrategies('firstOf(lookup,eagle3)')
    expect(() => buildStrategy(spec!, null)).toThrow('eagle3 needs --heads')
    const [own] = parseStrategies('eagle3:head=my/heads/eagle')
    expect(buildStrategy(own!, null).name).toBe('eagle3:head=my/heads/eagle')
  })
})
