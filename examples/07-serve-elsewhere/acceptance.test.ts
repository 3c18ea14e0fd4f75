import { describe, expect, test } from 'vitest'
import { acceptanceOf } from './acceptance'
import { readMetrics, total } from './metrics'

/** As vLLM writes it: prometheus_client of Python, labels in order, one series an engine, `_created` beside each counter. */
function vllm(
  engines: readonly (readonly [drafts: number, proposed: number, positions: readonly number[]])[],
  tokens: number,
) {
  const labels = (engine: number) => `engine="${engine}",model_name="/models/Meta \\"8B\\""`
  const each = (line: (engine: number) => readonly string[]) => engines.flatMap((_, engine) => line(engine))
  const name = 'vllm:spec_decode_num'
  return [
    '# HELP python_gc_objects_collected_total Objects collected during gc',
    '# TYPE python_gc_objects_collected_total counter',
    'python_gc_objects_collected_total{generation="0"} 11632.0',
    `# HELP ${name}_drafts_total Number of spec decoding drafts.`,
    `# TYPE ${name}_drafts_total counter`,
    ...each((engine) => [`${name}_drafts_total{${labels(engine)}} ${engines[engine]?.[0]}.0`]),
    `# TYPE ${name}_drafts_created gauge`,
    ...each((engine) => [`${name}_drafts_created{${labels(engine)}} 1.7643420e+09`]),
    ...each((engine) => [`${name}_draft_tokens_total{${labels(engine)}} ${engines[engine]?.[1]}.0`]),
    ...each((engine) => [
      `${name}_accepted_tokens_total{${labels(engine)}} ${engines[engine]?.[2].reduce((a, b) => a + b, 0)}.0`,
      ...(engines[engine]?.[2] ?? []).map(
        (count, position) =>
          `${name}_accepted_tokens_per_pos_total{${labels(engine)},position="${position}"} ${count}.0`,
      ),
    ]),
    `vllm:generation_tokens_total{${labels(0)}} ${tokens}.0`,
    `vllm:time_to_first_token_seconds_bucket{${labels(0)},le="+Inf"} 12.0`,
    '',
  ].join('\n')
}

/** As SGLang writes it, a series a rank. */
function sglang(lengths: readonly number[], tokens: string, calls = '0.0') {
  const labels = (rank: number) =>
    `dp_rank="${rank}",engine_type="unified",model_name="meta-llama/Llama-3.1-8B-Instruct",pp_rank="0",tp_rank="0"`
  return [
    '# HELP sglang:generation_tokens_total Number of generation tokens processed.',
    '# TYPE sglang:generation_tokens_total counter',
    `sglang:generation_tokens_total{is_streaming="true",model_name="meta-llama/Llama-3.1-8B-Instruct"} ${tokens}`,
    `sglang:spec_verify_calls_total{model_name="meta-llama/Llama-3.1-8B-Instruct"} ${calls}`,
    '# HELP sglang:spec_accept_length Mean acceptance length of speculative decoding (accepted drafts + bonus token per forward).',
    '# TYPE sglang:spec_accept_length gauge',
    ...lengths.map((length, rank) => `sglang:spec_accept_length{${labels(rank)}} ${length}`),
    ...lengths.map((_, rank) => `sglang:spec_accept_rate{${labels(rank)}} 0.42`),
  ].join('\n')
}

describe('readMetrics', () => {
  test('reads labels with quotes in them, exponents, infinities and timestamps', () => {
    const text =
      'a:b_total{x="1",path="C:\\\\d\\n\\"e\\""} 8.128902e+06\nc +Inf 1395066363000\r\nd{} -Inf\nno sample here at all\n'
    expect(readMetrics(text)).toEqual([
      { name: 'a:b_total', labels: new Map([['x', '1'], ['path', 'C:\\d\n"e"']]), value: 8_128_902 }, // biome-ignore format: one line
      { name: 'c', labels: new Map(), value: Number.POSITIVE_INFINITY },
      { name: 'd', labels: new Map(), value: Number.NEGATIVE_INFINITY },
    ])
  })

  test('of nothing is nothing', () => {
    expect(readMetrics('')).toEqual([])
    expect(total([], 'a')).toBeNull()
  })
})

describe("vLLM's counters", () => {
  const before = readMetrics(vllm([[100, 500, [60, 20, 5, 1, 0]], [10, 50, [5, 0, 0, 0, 0]]], 1000)) // biome-ignore format: a line an engine

  test('give by how much they grew, over all engines', () => {
    const after = readMetrics(vllm([[130, 650, [81, 32, 11, 4, 0]], [20, 100, [9, 2, 0, 0, 0]]], 1092)) // biome-ignore format: a line an engine
    const acceptance = acceptanceOf({ before, after, tokens: 92, answers: 4 })
    // 40 drafts of 5 tokens; 25 + 14 + 6 + 3 kept.
    expect(acceptance).toEqual({
      length: 1 + 48 / 40,
      counts: { drafts: 40, proposed: 200, accepted: 48 },
      byPosition: [25 / 40, 14 / 40, 6 / 40, 3 / 40, 0],
      source: 'counters of the endpoint',
    })
  })

  test('that appeared meanwhile began at 0', () => {
    const after = readMetrics(vllm([[10, 30, [6, 3, 1]]], 20))
    expect(acceptanceOf({ before: [], after, tokens: 20, answers: 4 })).toMatchObject({
      length: 2,
      byPosition: [0.6, 0.3, 0.1],
    })
  })

  test('that others drove, too, are said to be', () => {
    const after = readMetrics(vllm([[130, 650, [81, 32, 11, 4, 0]]], 1500))
    expect(acceptanceOf({ before, after, tokens: 92, answers: 4 })).toMatchObject({
      source: 'counters of the endpoint; it served others meanwhile, 500 tokens of which 92 were asked for here',
    })
  })

  test('that went back, or did not move', () => {
    const anew = readMetrics(vllm([[3, 15, [1, 0, 0, 0, 0]]], 5))
    expect(acceptanceOf({ before, after: anew, tokens: 5, answers: 4 })).toBe(
      'its counters went back: it was started anew meanwhile',
    )
    expect(acceptanceOf({ before, after: before, tokens: 5, answers: 4 })).toBe('it drafted nothing for these prompts')
  })
})

describe("SGLang's counters", () => {
  const before = readMetrics(sglang([1.5], '7.557572e+06', '2000.0'))
  const after = readMetrics(sglang([1.5], '7.557636e+06', '2024.0'))

  test('of verify passes give tokens a pass, but for the first token of each answer', () => {
    expect(acceptanceOf({ before, after, tokens: 64, answers: 4 })).toEqual({
      length: (64 - 4) / 24,
      counts: null,
      byPosition: [],
      source: 'counters of the endpoint',
    })
  })

  test('are left for the gauge where others asked, too', () => {
    expect(acceptanceOf({ before, after, tokens: 60, answers: 4 })).toMatchObject({
      length: 1.5,
      source:
        'gauge of the endpoint, of the last interval that it logged; it served others meanwhile, 64 tokens of which 60 were asked for here',
    })
  })
})

describe("SGLang's gauge", () => {
  test('is taken as it stands, over the ranks that have one', () => {
    const [before, after] = [sglang([2.5, 0], '7.557572e+06'), sglang([3.25, 0], '7.557604e+06')].map(readMetrics)
    expect(acceptanceOf({ before: before!, after: after!, tokens: 32, answers: 4 })).toEqual({
      length: 3.25,
      counts: null,
      byPosition: [],
      source: 'gauge of the endpoint, of the last interval that it logged',
    })
  })

  test('is nothing before the first interval', () => {
    const after = readMetrics(sglang([0], '32'))
    expect(acceptanceOf({ before: [], after, tokens: 32, answers: 4 })).toBe(
      'its gauge is 0 still: let it write more tokens',
    )
  })
})

test('metrics without drafts say nothing', () => {
  const samples = readMetrics('vllm:generation_tokens_total{engine="0",model_name="m"} 5.0\n')
  expect(acceptanceOf({ before: samples, after: samples, tokens: 0, answers: 4 })).toMatch(
    /^its metrics say nothing of drafts/,
  )
})
