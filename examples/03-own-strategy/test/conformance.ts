import assert from 'node:assert/strict'
import { it } from 'node:test'
import { strategyConformance } from '@outrider/core/conformance'
import { followers } from '../src/index.js'

const expect = (value: unknown) => ({ toEqual: (expected: unknown) => assert.deepEqual(value, expected) })

strategyConformance({ it, expect }, { strategy: () => followers() })
