import { describe, expect, test } from 'vitest'
import { runOrder } from './order'

describe('the order of strategies', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 9, 12])(
    'with %i of them each has every place and every predecessor equally often',
    (count) => {
      const runs = Array.from({ length: 2 * count }, (_, run) => runOrder(count, run))
      const places = new Map<string, number>()
      const pairs = new Map<string, number>()
      const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1)
      for (const order of runs) {
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
        order.forEach((strategy, place) => {
          add(places, `${strategy} at ${place}`)
          if (place > 0) add(pairs, `${strategy} after ${order[place - 1]}`)
        })
      }
      expect([...places.values()]).toEqual(Array(count * count).fill(2))
      expect([...pairs.values()]).toEqual(Array(count * (count - 1)).fill(2))
    },
  )
})
