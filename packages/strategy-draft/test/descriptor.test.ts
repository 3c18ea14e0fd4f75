import { expect, test } from 'vitest'
import { descriptorFaults } from '../../core/test/support/descriptor-faults'
import { draftModelDescriptor, earlyExitDescriptor, lookupDescriptor, suffixDescriptor } from '../src'

test('options are what the descriptors say', () => {
  expect(descriptorFaults(lookupDescriptor)).toEqual([])
  expect(descriptorFaults(suffixDescriptor)).toEqual([])
  expect(descriptorFaults(draftModelDescriptor, { model: 'somewhere' })).toEqual([])
  expect(descriptorFaults(earlyExitDescriptor, { layer: 2 })).toEqual([])
})
