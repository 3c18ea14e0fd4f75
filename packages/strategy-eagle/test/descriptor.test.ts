import { expect, test } from 'vitest'
import { descriptorFaults } from '../../core/test/support/descriptor-faults'
import { eagleDescriptor } from '../src'

test('options are what the descriptor says', () => {
  expect(descriptorFaults(eagleDescriptor, { head: 'somewhere' })).toEqual([])
})
