import { headVectors } from './head-vectors.wgsl'

/** Keys whose share of a sum is added up in order by one team of lanes. */
export const segment = 64
/** Keys that share a peak. Chunks begin at multiples of it, counted from position 0, as segments and spans do. */
export const chunk = 256
/** Chunks of a span: those of a span are merged in order, then the spans. */
export const chunksOfSpan = 4
export const span: number = chunk * chunksOfSpan

/** How an arithmetic reads activations. */
export type CopyFormat = 'int8' | 'halves'

/** What the text of the attention shader depends on. Nothing in it changes a row's bits. */
export interface AttentionForm {
  readonly dtype: 'f16' | 'f32'
  readonly headDim: number
  /** Query heads of one workgroup, all of one key head. */
  readonly group: number
  /** Workgroups of one key head. */
  readonly groups: number
  /** Rows of one workgroup, a power of two: they read the keys that they share once. */
  readonly rows: number
  /** Lanes of a workgroup: four teams, one a segment; 16 take the segments one after the other. */
  readonly lanes: 16 | 128 | 256
  /** Values that a lane loads before it adds the first of them; it adds them in order all the same. */
  readonly ahead: 1 | 16
  /** What one workgroup folds. */
  readonly reach: 'chunk' | 'span'
  /** Whether workgroups share the keys of a row: the last of them to be done merges what all have found. */
  readonly shared: boolean
  /** What its rows get is stored as, too. */
  readonly twin?: CopyFormat | undefined
}

/** Sizes that follow from a form. */
export interface Layout {
  /** Queries of a workgroup: [row, head]. */
  readonly queries: number
  /** Vectors of a head. */
  readonly vectors: number
  /** Elements of a vector. */
  readonly width: 2 | 4
  /** Lanes that share the keys of a chunk for one row, and the neighbouring keys that each takes at a time. */
  readonly keyLanes: number
  readonly keys: number
  /** Turns in which they get through the chunk. */
  readonly turns: number
  readonly teams: number
  /** Lanes of a team. */
  readonly teamLanes: number
  /** Parts into which a team divides the queries, each with a lane a vector; queries of a part. */
  readonly parts: number
  readonly partQueries: number
  /** Segments whose sums are in workgroup memory at a time. */
  readonly slabs: number
  /** Elements of a chunk's memory, which holds shares, then sums. */
  readonly pool: number
  /** From one row's queries to the next, in vectors: odd, so that rows lie in different banks. */
  readonly rowStride: number
}

export function layoutOf(form: Pick<AttentionForm, 'dtype' | 'headDim' | 'group' | 'rows' | 'lanes'>): Layout {
  const { dtype, headDim, group, rows, lanes } = form
  const { width } = headVectors(dtype, headDim)
  const vectors = headDim / width
  const queries = rows * group
  const keyLanes = lanes / rows
  const keys = lanes === 16 ? 1 : chunk / keyLanes
  const teams = lanes === 16 ? 1 : 4
  const teamLanes = lanes / teams
  const parts = teams === 1 ? queries : Math.max(1, Math.min(queries, Math.floor(teamLanes / vectors)))
  const shares = queries * chunk
  const room = Math.max(shares, 2048)
  const slabs = teams === 1 ? 1 : ([4, 2, 1].find((each) => each * queries * headDim <= room) ?? 1)
  return {
    queries,
    vectors,
    width,
    keyLanes,
    keys,
    turns: chunk / (keyLanes * keys),
    teams,
    teamLanes,
    parts,
    partQueries: Math.ceil(queries / parts),
    slabs,
    pool: teams === 1 ? shares + queries * headDim : Math.max(shares, slabs * queries * headDim),
    rowStride: group * vectors + 1 - ((group * vectors) % 2),
  }
}

/** Keys that one workgroup folds. */
export const keysOf = (reach: AttentionForm['reach']): number => (reach === 'chunk' ? chunk : span)

/** Words of what a workgroup leaves of a query: sums, peak, weight. */
export const partWords = (headDim: number): number => headDim + 2

/** Words with which lanes quantise, and the one that says how many workgroups are done. */
const otherWords = 193

/** Bytes of workgroup memory that a form takes where subgroups have at least `subgroup` lanes, 1 without. */
export function workgroupBytes(
  form: Pick<AttentionForm, 'dtype' | 'headDim' | 'group' | 'rows' | 'lanes'>,
  subgroup: number,
): number {
  const { rowStride, width, pool, queries } = layoutOf(form)
  const tops = Math.max(1, form.lanes / Math.max(subgroup, form.rows)) * queries
  return 4 * (form.rows * (rowStride * width + chunk) + pool + tops + 22 * queries + otherWords)
}
