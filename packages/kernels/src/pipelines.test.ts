import { afterAll, beforeAll, expect, test } from 'vitest'
import { create } from 'webgpu'
import { type OpenDevice, openDevice } from './device'
import { Pipelines } from './pipelines'
import { variant } from './shader'

// Both stay referenced: Dawn's Node binding frees what nobody references.
const gpu = create(['backend=null'])
let open: OpenDevice
beforeAll(async () => {
  open = await openDevice({ gpu })
})
afterAll(() => open.device.destroy())

test('the text of a variant is built once for each form, and compiled once for each way of binding', async () => {
  const built: object[] = []
  const fill = (form: { readonly value: number }): string => {
    built.push(form)
    return `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(1) fn main() { x[0] = ${form.value}u; }`
  }
  const pipelines = new Pipelines(open.device, open.facts)
  const first = pipelines.get('fill', variant(fill, { value: 1 }), false, ['read_write'])
  expect(pipelines.get('fill', variant(fill, { value: 1 }), false, ['read_write'])).toBe(first)
  expect(built).toEqual([{ value: 1 }])
  const other = pipelines.get('fill', variant(fill, { value: 2 }), false, ['read_write'])
  expect(other).not.toBe(first)
  expect(pipelines.get('fill', variant(fill, { value: 2 }), false, ['read_write', 'read'])).not.toBe(other)
  expect(built).toEqual([{ value: 1 }, { value: 2 }, { value: 2 }])
  await Promise.all([first.ready, other.ready])
  expect(first.compiled).toBeDefined()
})

test('a variant of another shader with an equal form is another pipeline, an equal text is the same', () => {
  const shader = (name: string) => () => `@compute @workgroup_size(1) fn main() { let ${name} = 1; }`
  const pipelines = new Pipelines(open.device, open.facts)
  const [a, b] = [shader('a'), shader('b')].map((text) => pipelines.get('nothing', variant(text, {}), false, []))
  expect(a).not.toBe(b)
  const text = '@compute @workgroup_size(1) fn main() {}'
  expect(pipelines.get('text', `${text} `, false, [])).toBe(pipelines.get('text', `${text} `, false, []))
})
