import { describe, expect, test } from 'vitest'
import type { ModelConfig, RopeConfig } from '../spec'
import { ropeTable } from './rope'

/** Radians a position that each pair turns by, and the length of its vector, read off a table. */
function turns(rope: RopeConfig, headDim: number, positions = 3, reach?: number): { angles: number[]; size: number } {
  const table = ropeTable({ rope, headDim } as ModelConfig, positions, reach)
  expect(table.length).toBe(positions * headDim)
  const pair = (position: number, i: number) =>
    [table[position * headDim + 2 * i] as number, table[position * headDim + 2 * i + 1] as number] as const
  const sizes = Array.from({ length: headDim / 2 }, (_, i) => Math.hypot(...pair(2, i)))
  for (const size of sizes) expect(size).toBeCloseTo(sizes[0] as number, 5)
  for (let i = 0; i < headDim / 2; i++) {
    expect(pair(0, i)[0]).toBeCloseTo(sizes[0] as number, 5)
    expect(pair(0, i)[1]).toBe(0)
  }
  const angles = Array.from({ length: headDim / 2 }, (_, i) => {
    const [cosine, sine] = pair(1, i)
    return Math.atan2(sine, cosine)
  })
  return { angles, size: sizes[0] as number }
}

function expectClose(angles: readonly number[], expected: readonly number[]): void {
  expect(angles.length).toBe(expected.length)
  for (const [i, angle] of angles.entries()) expect(Math.abs(angle / (expected[i] as number) - 1)).toBeLessThan(1e-6)
}

// The expected angles are those of the formulas in transformers' modeling_rope_utils.py, computed in double apart from this code.
describe('rotary tables', () => {
  test('without scaling', () => {
    const { angles, size } = turns({ theta: 10000, scaling: null }, 8)
    expectClose(angles, [1, 0.1, 0.01, 0.001])
    expect(size).toBeCloseTo(1, 6)
  })

  test('cosine and sine alternate, position by position', () => {
    const table = ropeTable({ rope: { theta: 100, scaling: null }, headDim: 4 } as ModelConfig, 3)
    const expected = [1, 0, 1, 0, Math.cos(1), Math.sin(1), Math.cos(0.1), Math.sin(0.1)]
    expect([...table.slice(0, 8)]).toEqual(expected.map(Math.fround))
    expect([...table.slice(8)]).toEqual([Math.cos(2), Math.sin(2), Math.cos(0.2), Math.sin(0.2)].map(Math.fround))
  })

  test('linear', () => {
    expectClose(
      turns({ theta: 10000, scaling: { type: 'linear', factor: 4 } }, 8).angles,
      [0.25, 0.025, 0.0025, 0.00025],
    )
  })

  test('dynamic: none within the original positions, a larger base for what reaches beyond', () => {
    const rope: RopeConfig = { theta: 10000, scaling: { type: 'dynamic', factor: 4, originalPositions: 16 } }
    expectClose(turns(rope, 8, 16).angles, [1, 0.1, 0.01, 0.001])
    expectClose(turns(rope, 8, 40).angles, [1, 0.0522757959, 0.00273275883, 0.000142857143])
    // Spare rows of the table do not count: only the longest sequence does.
    expectClose(turns(rope, 8, 80, 16).angles, [1, 0.1, 0.01, 0.001])
    expectClose(turns(rope, 8, 80, 40).angles, [1, 0.0522757959, 0.00273275883, 0.000142857143])
  })

  test('llama3, with the values of Llama 3.2', () => {
    const scaling = {
      type: 'llama3',
      factor: 32,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalPositions: 8192,
    } as const
    const { angles } = turns({ theta: 500000, scaling }, 64)
    const expected = [
      1.0, 0.663601238, 0.440366603, 0.292227823, 0.193922745, 0.128687373, 0.0853971003, 0.0566696214, 0.0376060309,
      0.0249554087, 0.0165604401, 0.0109895285, 0.00729266474, 0.00483942135, 0.00321144599, 0.00129054793,
      0.000429556797, 9.7082878e-5, 1.94616382e-5, 1.29147672e-5, 8.57025549e-6, 5.68723215e-6, 3.77405429e-6,
      2.5044671e-6, 1.66196747e-6, 1.10288367e-6, 7.31874968e-7, 4.85673134e-7, 3.22293293e-7, 2.13874228e-7,
      1.41927203e-7, 9.41830673e-8,
    ]
    expectClose(angles, expected)
  })

  test('yarn, with the values of Qwen2.5 and a smaller head', () => {
    const scaling = {
      type: 'yarn',
      factor: 4,
      originalPositions: 32768,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: null,
    } as const
    const { angles, size } = turns({ theta: 1e6, scaling }, 32)
    const expected = [
      1.0, 0.421696503, 0.177827941, 0.0749894209, 0.0316227766, 0.0133352143, 0.00477990126, 0.00165996159, 0.00055,
      0.000168678601, 4.44569853e-5, 1.87473552e-5, 7.90569415e-6, 3.33380358e-6, 1.40585331e-6, 5.92843426e-7,
    ]
    expectClose(angles, expected)
    expect(size).toBeCloseTo(1.138629436, 6)
    expect(turns({ theta: 1e6, scaling: { ...scaling, attentionFactor: 1.5 } }, 32).size).toBeCloseTo(1.5, 6)
  })
})
