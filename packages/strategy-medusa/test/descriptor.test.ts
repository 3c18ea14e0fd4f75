import { expect, test } from 'vitest'
import { descriptorFaults } from '../../core/test/support/descriptor-faults'
import { medusaDescriptor } from '../src'

test('options are what the descriptor says', () => {
  expect(descriptorFaults(medusaDescriptor, { head: 'somewhere' })).toEqual([])
})
