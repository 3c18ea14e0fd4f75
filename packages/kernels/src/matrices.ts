/** A product of matrices that subgroups compute as one operation: [M, K] · [K, N] of components into [M, N] of results. */
export interface MatrixConfig {
  readonly componentType: string
  readonly resultComponentType: string
  readonly M: number
  readonly N: number
  readonly K: number
}

/** Not yet in the types: a proposal that Dawn has behind `allow_unsafe_apis`, Chrome behind a flag. */
export const matrixFeature = 'chromium-experimental-subgroup-matrix' as GPUFeatureName

/** Halves with float32 sums. */
export const halfMatrix: MatrixConfig = { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 }

/** Signed bytes with exact sums. */
export const int8Matrix: MatrixConfig = { componentType: 'i8', resultComponentType: 'i32', M: 16, N: 16, K: 32 }

/** What an adapter with subgroup matrices says of them. */
type MatrixInfo = GPUAdapterInfo & { readonly subgroupMatrixConfigs?: Iterable<MatrixConfig> }

/** What subgroups of 32 lanes multiply on a device; none where its subgroups may have another size. */
export function matricesOf({ features }: GPUDevice, info: MatrixInfo): readonly MatrixConfig[] {
  if (!features.has(matrixFeature) || info.subgroupMinSize !== 32 || info.subgroupMaxSize !== 32) return []
  return [...(info.subgroupMatrixConfigs ?? [])]
    .filter(({ componentType }) => componentType !== 'f16' || features.has('shader-f16'))
    .map(({ componentType, resultComponentType, M, N, K }) => ({ componentType, resultComponentType, M, N, K }))
}

/** Whether a device has a matrix operation. */
export function hasMatrix(matrices: readonly MatrixConfig[], wanted: MatrixConfig): boolean {
  return matrices.some(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === wanted.componentType &&
      resultComponentType === wanted.resultComponentType &&
      M === wanted.M &&
      N === wanted.N &&
      K === wanted.K,
  )
}
