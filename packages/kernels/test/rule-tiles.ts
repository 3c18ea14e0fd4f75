import type { DeviceFacts } from '../src/device'

const gpu = { software: false } as DeviceFacts

/** Every tile that a rule gives a GPU, for up to 64 rows by up to 2,100 panels. */
export function ruleTiles<T, Least>(
  rule: (rows: number, panels: number, device: DeviceFacts, least: Least) => T,
  leasts: readonly Least[],
): readonly T[] {
  const found = new Map<string, T>()
  for (let rows = 1; rows <= 64; rows++)
    for (let panels = 1; panels <= 2100; panels++)
      for (const least of leasts) {
        const tile = rule(rows, panels, gpu, least)
        found.set(JSON.stringify(tile), tile)
      }
  return [...found.values()]
}
