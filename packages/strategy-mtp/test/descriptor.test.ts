import { expect, test } from 'vitest'
import { descriptorFaults } from '../../core/test/support/descriptor-faults'
import { mtpDescriptor } from '../src'

test('options are what the descriptor says', () => {
  expect(descriptorFaults(mtpDescriptor, { head: 'somewhere' })).toEqual([])
})
