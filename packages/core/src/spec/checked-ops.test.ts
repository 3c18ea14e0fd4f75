import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { referenceBackend } from '../reference'
import type { Backend, DType, Ops, Shape, Tensor, Weight } from '.'
import { INDEX, MAX_TREE_ROWS, OUTCOME, SAMPLING } from '.'

const backend: Backend = referenceBackend()
const tensor = (shape: Shape, dtype: DType = 'f32'): Tensor => backend.tensor(shape, dtype, `${dtype} ${shape}`)
const words = (count: number): Tensor => tensor([count], 'u32')

const [rows, width, vocab] = [4, 64, 100]
const heads = { heads: 2, kvHeads: 1, headDim: 32 }
const x = tensor([rows, width])
const out = tensor([rows, width])
const narrow = tensor([rows, width - 1])
const short = tensor([rows - 1, width])
const flat = tensor([rows * width])
const halves = tensor([rows, width], 'f16')
const integers = tensor([rows, width], 'u32')
const norm = { gain: tensor([width]), eps: 1e-5 }
const few = words(1)
const other = words(1)
const tokens = words(MAX_TREE_ROWS)
const shape = words(MAX_TREE_ROWS)
const index = words(INDEX.words)
const outcome = words(OUTCOME.words)
const choices = words(rows)
const pass = { rows, first: 0, tokens, index }
const sequence = { history: words(50), length: words(1) }
const cache = { tensor: tensor([2, 2, 1, 50, 32], 'f16'), layer: 1 }
const logits = tensor([rows, vocab])
const ids = words(3 * rows)
const logProbs = tensor([3 * rows])
const sampling = { params: words(SAMPLING.words), counts: words(vocab), bias: tensor([vocab]) }
const adjusted = tensor([rows, vocab])
const mask = tensor([rows, 4], 'u32')
const targetIds = words(vocab)
const headGain = { gain: tensor([32]), eps: 1e-5 }

const gainOf = (shape: Shape, dtype: DType = 'f32') => ({ norm: { gain: tensor(shape, dtype), eps: 1e-5 } })
const cacheOf = (shape: Shape, dtype: DType = 'f16', layer = 0) => ({ cache: { tensor: tensor(shape, dtype), layer } })

/** Filled before the first test: reading a weight is asynchronous. */
const weights: Record<'square' | 'tall' | 'odd' | 'wide' | 'qkv', Weight> = {} as typeof weights
beforeAll(async () => {
  for (const [name, shape] of Object.entries({
    square: [width, width],
    tall: [vocab, width],
    odd: [width + 1, width],
    wide: [2 * width, width],
    qkv: [4 * 32, width],
  } as const))
    weights[name as keyof typeof weights] = await backend.weight(
      { name, shape, format: 'f32', rows: async (from, to) => new Uint8Array((to - from) * shape[1] * 4) },
      name,
    )
})
afterAll(() => backend.dispose())

type Arguments<K extends keyof Ops> = Parameters<Ops[K]>[0]

/** One right call of each op. */
const right: { readonly [K in keyof Ops]: () => Arguments<K> } = {
  embed: () => ({ table: weights.tall, pass, out }),
  rmsNorm: () => ({ x, norm, out, rows, pass }),
  linear: () => ({ x, weight: weights.square, out, rows, norm, bias: norm.gain, accumulate: true, pass }),
  gatedLinear: () => ({ x, weight: weights.wide, out, rows, norm, pass }),
  qkv: () => ({
    x,
    weights: [weights.qkv],
    ...heads,
    rope: { table: tensor([50, 16, 2]) },
    pass,
    q: out,
    cache,
    norm,
    bias: tensor([4 * 32]),
    headNorm: { q: headGain, k: headGain },
  }),
  treeAttention: () => ({ q: x, cache, ...heads, pass, out }),
  gatherRows: () => ({ x, indices: choices, at: 0, rows, out }),
  gatherLast: () => ({ x, pass, out }),
  argmax: () => ({ logits, vocab, rows, out: choices }),
  topK: () => ({ logits, vocab, rows, k: 3, ids, logProbs }),
  treeIndex: () => ({ tree: { tokens, shape }, sequence, index }),
  spanIndex: () => ({ sequence, from: few, to: few, toOffset: 0, rows, tokens, index }),
  walkTree: () => ({ pass, choices, outcome }),
  commitTokens: () => ({ outcome, sequence }),
  compactKv: () => ({ outcome, cache: cache.tensor, rows }),
  commitLength: () => ({ outcome, length: few, fed: 1 }),
  setLength: () => ({ sequence, length: sequence.length, offset: -1 }),
  add: () => ({ a: x, b: x, out: x, rows }),
  concat: () => ({ parts: [{ x, norm }, { x }], out: tensor([rows, 2 * width]), rows }),
  adjustLogits: () => ({ logits, vocab, pass, sampling, out: logits, mask }),
  filterLogits: () => ({ logits, vocab, pass, sampling }),
  sample: () => ({ logits, vocab, pass, sampling, out: choices, ahead: 2, stream: 1, targetIds }),
  perturbLogits: () => ({ logits, vocab, pass, sampling, ahead: -1, stream: 0xffffffff, targetIds }),
  countTokens: () => ({ outcome, sampling }),
  logProbsOf: () => ({ logits, vocab, rows, ids: choices, out: tensor([rows]) }),
  kernel: () => ({
    label: 'mine',
    wgsl: '',
    tensors: [
      { tensor: x, access: 'read' },
      { tensor: x, access: 'read' },
      { tensor: out, access: 'read_write' },
    ],
    workgroups: [1],
    reference: () => {},
  }),
}

/** A wrong call: a right one with these arguments instead. */
type Wrong<K extends keyof Ops = keyof Ops> = readonly [op: K, what: string, changes: () => Partial<Arguments<K>>]

function wrong<K extends keyof Ops>(op: K, cases: Readonly<Record<string, () => Partial<Arguments<K>>>>): Wrong[] {
  return Object.entries(cases).map(([what, changes]) => [op, what, changes] as unknown as Wrong)
}

/** What is wrong with the rows of ops that state them, and with a pass, whichever op takes it. */
const rowCases = {
  'no row': () => ({ rows: 0 }),
  'half a row': () => ({ rows: 1.5 }),
  'more rows than a tree has': () => ({ rows: MAX_TREE_ROWS + 1 }),
}
const passCases = {
  'a pass without rows': () => ({ pass: { ...pass, rows: 0 } }),
  'a pass before the first row': () => ({ pass: { ...pass, first: -1 } }),
  'a pass from half a row on': () => ({ pass: { ...pass, first: 0.5 } }),
  'a pass beyond the tree': () => ({ pass: { ...pass, first: MAX_TREE_ROWS - rows + 1 } }),
  'too few tokens': () => ({ pass: { ...pass, tokens: few } }),
  'too small an index': () => ({ pass: { ...pass, index: few } }),
}
const agreement = { 'a pass of fewer rows': () => ({ pass: { ...pass, rows: rows - 1 } }) }
const normCases = {
  'a gain of another width': () => gainOf([width + 1]),
  'a gain in two axes': () => gainOf([1, width]),
  'a gain of halves': () => gainOf([width], 'f16'),
  'a negative eps': () => ({ norm: { ...norm, eps: -1 } }),
  'an eps that is no number': () => ({ norm: { ...norm, eps: Number.NaN } }),
}
const headCases = {
  'no heads': () => ({ heads: 0 }),
  'heads that cannot share': () => ({ heads: 3, kvHeads: 2 }),
  'no key heads': () => ({ kvHeads: 0 }),
  'a head size that is odd': () => ({ headDim: 33 }),
  'a head that is too small': () => ({ headDim: 30 }),
  'a head that is too large': () => ({ headDim: 258 }),
  'a cache of words': () => cacheOf([2, 2, 1, 50, 32], 'u32'),
  'a cache in four axes': () => cacheOf([2, 1, 50, 32]),
  'a cache without values': () => cacheOf([2, 1, 1, 50, 32]),
  'a cache of more key heads': () => cacheOf([2, 2, 2, 50, 32]),
  'a cache of another head size': () => cacheOf([2, 2, 1, 50, 34]),
  'a layer beyond the last': () => ({ cache: { ...cache, layer: 2 } }),
  'a negative layer': () => ({ cache: { ...cache, layer: -1 } }),
  'half a layer': () => ({ cache: { ...cache, layer: 0.5 } }),
}
const outputCases = {
  'too few rows of output': () => ({ out: short }),
  'output of another width': () => ({ out: narrow }),
  'output of halves': () => ({ out: halves }),
  'output of words': () => ({ out: integers }),
  'output in one axis': () => ({ out: flat }),
}
const inputCases = {
  'too few rows of input': () => ({ x: short }),
  'input of another width': () => ({ x: narrow }),
  'input of words': () => ({ x: integers }),
  'input in one axis': () => ({ x: flat }),
}

const logitsCases = {
  ...passCases,
  'logits of another vocabulary': () => ({ vocab: vocab - 1 }),
  'too few rows of logits': () => ({ logits: tensor([rows - 1, vocab]) }),
  'too few parameters': () => ({ sampling: { ...sampling, params: few } }),
  'parameters of floats': () => ({ sampling: { ...sampling, params: tensor([SAMPLING.words]) } }),
}
const noiseCases = {
  'half a position': () => ({ ahead: 0.5 }),
  'a negative stream': () => ({ stream: -1 }),
  'a stream beyond a word': () => ({ stream: 2 ** 32 }),
  'too few target ids': () => ({ targetIds: few }),
  'target ids of floats': () => ({ targetIds: sampling.bias }),
}

const cases: readonly Wrong[] = [
  ...wrong('embed', { ...passCases, ...outputCases }),
  ...wrong('rmsNorm', { ...rowCases, ...passCases, ...agreement, ...normCases, ...outputCases, ...inputCases }),
  ...wrong('linear', {
    ...rowCases,
    ...passCases,
    ...agreement,
    ...normCases,
    ...outputCases,
    ...inputCases,
    'x as output': () => ({ out: x }),
    'a bias of another width': () => ({ bias: tensor([width + 1]) }),
    'a bias in two axes': () => ({ bias: tensor([1, width]) }),
    'a bias of words': () => ({ bias: words(width) }),
    'no part': () => ({ x: [] }),
    'parts of another width': () => ({ x: [{ x }, { x }] }),
    'a part as output': () => ({ x: [{ x: out }] }),
    'an addend beside accumulate': () => ({ addend: tensor([rows, width]) }),
    'an addend of another width': () => ({ addend: narrow, accumulate: false }),
    'output as addend': () => ({ addend: out, accumulate: false }),
  }),
  ...wrong('gatedLinear', {
    ...rowCases,
    ...passCases,
    ...agreement,
    ...normCases,
    ...outputCases,
    ...inputCases,
    'x as output': () => ({ out: x }),
    'an odd number of weight rows': () => ({ weight: weights.odd }),
  }),
  ...wrong('qkv', {
    ...passCases,
    ...normCases,
    ...headCases,
    ...inputCases,
    'queries of another width': () => ({ q: narrow }),
    'too few rows of queries': () => ({ q: short }),
    'x as queries': () => ({ q: x }),
    'no weight': () => ({ weights: [] }),
    'more rows of weights than heads': () => ({ weights: [weights.qkv, weights.square] }),
    'fewer rows of weights than heads': () => ({ weights: [weights.square] }),
    'a weight that is not whole heads': () => ({ weights: [weights.tall, weights.odd] }),
    'an empty rope table': () => ({ rope: { table: tensor([2]) } }),
    'a rope table of halves': () => ({ rope: { table: tensor([50, 16, 2], 'f16') } }),
    'a bias of another width': () => ({ bias: norm.gain }),
    'a head gain of another width': () => ({ headNorm: { q: headGain, k: norm } }),
  }),
  ...wrong('treeAttention', {
    ...passCases,
    ...headCases,
    ...outputCases,
    'queries of another width': () => ({ q: narrow }),
    'queries as output': () => ({ q: out }),
  }),
  ...wrong('gatherRows', {
    ...rowCases,
    ...outputCases,
    'input in one axis': () => ({ x: flat }),
    'input of words': () => ({ x: integers }),
    'x as output': () => ({ out: x }),
    'too few indices': () => ({ at: 1 }),
    'indices before the first': () => ({ at: -1 }),
    'indices that are no words': () => ({ indices: logProbs }),
  }),
  ...wrong('gatherLast', {
    ...passCases,
    'a pass from a later row on': () => ({ pass: { ...pass, first: 1 } }),
    'too few rows of input': () => ({ x: short }),
    'output of another width': () => ({ out: narrow }),
    'x as output': () => ({ out: x }),
  }),
  ...wrong('argmax', {
    ...rowCases,
    'logits of another vocabulary': () => ({ vocab: vocab - 1 }),
    'too few rows of logits': () => ({ logits: tensor([rows - 1, vocab]) }),
    'too few words for the output': () => ({ at: 1 }),
    'output before the first word': () => ({ at: -1 }),
    'output of floats': () => ({ out: logProbs }),
    'too few target ids': () => ({ targetIds: words(vocab - 1) }),
    'target ids as output': () => ({ out: targetIds, targetIds }),
  }),
  ...wrong('topK', {
    ...rowCases,
    'no choice': () => ({ k: 0 }),
    'more than 32 choices': () => ({ k: 33 }),
    'more choices than tokens': () => ({ logits: tensor([rows, 2]), vocab: 2 }),
    'half a choice': () => ({ k: 1.5 }),
    'logits of another vocabulary': () => ({ vocab: vocab - 1 }),
    'too few words for the output': () => ({ at: 1 }),
    'output before the first word': () => ({ at: -1 }),
    'ids of floats': () => ({ ids: logProbs }),
    'too few log-probabilities': () => ({ logProbs: tensor([3]) }),
    'log-probabilities of words': () => ({ logProbs: ids }),
    'logits as log-probabilities': () => ({ logProbs: logits }),
  }),
  ...wrong('treeIndex', {
    'too few tokens': () => ({ tree: { tokens: few, shape } }),
    'too small a shape': () => ({ tree: { tokens, shape: few } }),
    'tokens as shape': () => ({ tree: { tokens, shape: tokens } }),
    'a history of floats': () => ({ sequence: { ...sequence, history: flat } }),
    'a length of floats': () => ({ sequence: { ...sequence, length: flat } }),
    'too small an index': () => ({ index: few }),
    'an index that is the history': () => ({ sequence: { ...sequence, history: index } }),
  }),
  ...wrong('spanIndex', {
    ...rowCases,
    'more rows than a path has levels': () => ({ rows: 65 }),
    'half an offset': () => ({ toOffset: 0.5 }),
    'half a token offset': () => ({ tokenOffset: 0.5 }),
    'a history of floats': () => ({ sequence: { ...sequence, history: flat } }),
    'a start of floats': () => ({ from: flat }),
    'an end of floats': () => ({ to: flat }),
    'too few tokens': () => ({ tokens: few }),
    'too small an index': () => ({ index: few }),
    'an index as the end': () => ({ to: index }),
  }),
  ...wrong('walkTree', {
    ...passCases,
    'a pass from a later row on': () => ({ pass: { ...pass, first: 1 } }),
    'too few choices': () => ({ choices: few }),
    'choices of floats': () => ({ choices: logProbs }),
    'too small an outcome': () => ({ outcome: few }),
    'choices as outcome': () => ({ choices: outcome }),
  }),
  ...wrong('commitTokens', {
    'too small an outcome': () => ({ outcome: few }),
    'a history of floats': () => ({ sequence: { ...sequence, history: flat } }),
    'a length of floats': () => ({ sequence: { ...sequence, length: flat } }),
    'the outcome as history': () => ({ sequence: { ...sequence, history: outcome } }),
  }),
  ...wrong('compactKv', {
    ...rowCases,
    'too small an outcome': () => ({ outcome: few }),
    'a cache in one axis': () => ({ cache: flat }),
    'a cache of words': () => ({ cache: tensor([2, 2, 1, 50, 32], 'u32') }),
    'a cache without values': () => ({ cache: tensor([2, 1, 1, 50, 32]) }),
    'a cache of an odd head size': () => ({ cache: tensor([2, 2, 1, 50, 33]) }),
  }),
  ...wrong('commitLength', {
    'a negative number of rows': () => ({ fed: -1 }),
    'more rows than a tree has': () => ({ fed: MAX_TREE_ROWS + 1 }),
    'too small an outcome': () => ({ outcome: other }),
    'a length of floats': () => ({ length: flat }),
    'the outcome as length': () => ({ length: outcome }),
  }),
  ...wrong('setLength', {
    'half an offset': () => ({ offset: 0.5 }),
    'a length of floats': () => ({ length: flat }),
    'a sequence’s length of floats': () => ({ sequence: { ...sequence, length: flat } }),
  }),
  ...wrong('add', {
    ...rowCases,
    ...outputCases,
    'too few rows of a': () => ({ a: short }),
    'b of another width': () => ({ b: narrow }),
    'a of words': () => ({ a: integers }),
  }),
  ...wrong('concat', {
    ...rowCases,
    ...outputCases,
    'no part': () => ({ parts: [] }),
    'too few rows of a part': () => ({ parts: [{ x: short }, { x }] }),
    'a part of words': () => ({ parts: [{ x: integers }, { x }] }),
    'a part as output': () => ({ parts: [{ x: out }], out }),
    'a gain of another width': () => ({ parts: [{ x, ...gainOf([width + 1]) }, { x }] }),
    'an earlier gain of another width': () => ({ parts: [{ x, before: gainOf([width + 1]).norm }, { x }] }),
    'embeddings of another pass': () => ({ parts: [{ table: weights.square, pass: { ...pass, rows: 1 } }, { x }] }),
    'embeddings of another width': () => ({ parts: [{ table: weights.square, pass }, { x: narrow }] }),
  }),
  ...wrong('adjustLogits', {
    ...logitsCases,
    'too few counts': () => ({ sampling: { ...sampling, counts: few } }),
    'too short a bias': () => ({ sampling: { ...sampling, bias: tensor([vocab - 1]) } }),
    'a bias of words': () => ({ sampling: { ...sampling, bias: targetIds } }),
    'output of another vocabulary': () => ({ out }),
    'too few rows of mask': () => ({ mask: tensor([rows - 1, 4], 'u32') }),
    'a mask of a byte a token': () => ({ mask: tensor([rows, 25], 'u32') }),
    'a mask of floats': () => ({ mask: tensor([rows, 4]) }),
    'the bias as output': () => ({ out: adjusted, sampling: { ...sampling, bias: adjusted } }),
  }),
  ...wrong('filterLogits', logitsCases),
  ...wrong('sample', {
    ...logitsCases,
    ...noiseCases,
    'too few words for the output': () => ({ at: 1 }),
    'output before the first word': () => ({ at: -1 }),
    'output of floats': () => ({ out: logits }),
    'target ids as output': () => ({ out: targetIds }),
    'counts as output': () => ({ out: sampling.counts }),
  }),
  ...wrong('perturbLogits', { ...logitsCases, ...noiseCases }),
  ...wrong('countTokens', {
    'too small an outcome': () => ({ outcome: few }),
    'counts of floats': () => ({ sampling: { ...sampling, counts: sampling.bias } }),
    'the outcome as counts': () => ({ sampling: { ...sampling, counts: outcome } }),
  }),
  ...wrong('logProbsOf', {
    ...rowCases,
    'logits of another vocabulary': () => ({ vocab: vocab - 1 }),
    'too few rows of logits': () => ({ logits: tensor([rows - 1, vocab]) }),
    'too few ids': () => ({ at: 1 }),
    'output before the first word': () => ({ at: -1 }),
    'ids of floats': () => ({ ids: tensor([rows]) }),
    'output of words': () => ({ out: words(rows) }),
    'too short an output': () => ({ out: tensor([rows - 1]) }),
    'logits as output': () => ({ out: logits }),
  }),
  ...wrong('kernel', {
    'a tensor of halves': () => ({ tensors: [{ tensor: halves, access: 'read' as const }] }),
    'a param below 0': () => ({ params: [3, -1] }),
    'a param beyond a word': () => ({ params: [2 ** 32] }),
    'a param that is no whole number': () => ({ params: [0.5] }),
  }),
]

function record<K extends keyof Ops>(op: K, changes: Partial<Arguments<K>>): void {
  backend
    .program('one op', (ops) => (ops[op] as (args: Arguments<K>) => void)({ ...right[op](), ...changes }))
    .dispose()
}

describe('checked ops', () => {
  test.each(Object.keys(right) as (keyof Ops)[])('%s takes a right call', (op) => {
    record(op, {})
  })

  test.each(cases)('%s refuses %s', (op, _, changes) => {
    expect(() => record(op, changes())).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH', details: { op: op === 'kernel' ? 'mine' : op } }),
    )
  })

  test.each<[string, Partial<Arguments<'kernel'>>]>([
    ['no tensor', { tensors: [] }],
    ['another access', { tensors: [{ tensor: x, access: 'write' as 'read' }] }],
    [
      'a tensor that is written and read',
      { tensors: (['read', 'read_write'] as const).map((access) => ({ tensor: x, access })) },
    ],
  ])('kernel refuses %s as invalid', (_, changes) => {
    expect(() => record('kernel', changes)).toThrow(expect.objectContaining({ code: 'KERNEL_INVALID' }))
  })
})
