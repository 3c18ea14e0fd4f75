import {
  adaptiveDescriptor,
  type CompositionDescriptor,
  firstOfDescriptor,
  mergedDescriptor,
  type Strategy,
} from '@outrider/core'
import { expect, test } from 'vitest'
import { descriptorFaults } from './support/descriptor-faults'

const part: Strategy = {
  specVersion: 1,
  name: 'silent',
  load: async () => ({ start: () => ({ propose: () => null }) }),
}

test.each<CompositionDescriptor>([firstOfDescriptor, mergedDescriptor, adaptiveDescriptor])(
  'the options of $name are what its descriptor says',
  (descriptor) => {
    const create = (options: object) => ({ ...descriptor.create({ name: descriptor.name, ...options }, [part]) })
    expect(descriptorFaults({ ...descriptor, create }, {}, create)).toEqual([])
    expect(descriptor.create({}, [part]).name).toMatch(/silent/)
    expect(() => descriptor.create({}, [])).toThrow()
  },
)
