import type { BaselineReport, CompareReport, SpeedUp, StrategyReport } from '@outrider/core'

/** A strategy's part of a comparison of two prompts, as `compare` tells it. */
export function strategyReport(strategy: string, own: Partial<StrategyReport> = {}): StrategyReport {
  return {
    strategy,
    acceptance: { name: 'exact', guarantee: 'same-tokens' },
    failed: null,
    identical: true,
    difference: null,
    tokensPerSecond: { median: 50, low: 45, high: 55, runs: 2 },
    speedUp: null,
    meanAcceptanceLength: 1,
    tokens: 96,
    rounds: 96,
    drafts: 0,
    proposed: 0,
    evaluated: 0,
    accepted: 0,
    acceptedBy: {},
    acceptanceByPosition: [],
    submitsPerRound: 1,
    readsPerRound: 1,
    roundMs: 20,
    phasesMs: { draft: 0.1, verify: 15, host: 4.9 },
    firstTokenMs: 80,
    categories: {},
    report: null,
    prompts: [],
    ...own,
  }
}

/** A strategy that drafts, at this speed against plain decoding's. */
export function drafting(strategy: string, geomean: number, own: Partial<StrategyReport> = {}): StrategyReport {
  const prompt = { tokensPerSecond: [40], firstTokenMs: [80], identical: true, ids: null }
  const counts = { rounds: 25, tokens: 48, proposed: 100, evaluated: 100, accepted: 23 }
  return strategyReport(strategy, {
    speedUp: speedUp(geomean),
    meanAcceptanceLength: 1.92,
    rounds: 50,
    drafts: 50,
    proposed: 200,
    evaluated: 200,
    accepted: 46,
    acceptanceByPosition: [0.6, 0.25, 0.07],
    prompts: [0.9, 1.1].map((share) => ({ ...prompt, ...counts, speedUp: geomean * share })),
    ...own,
  })
}

/** Plain decoding of another engine, at this speed against plain decoding's. */
export function baselineReport(name: string, geomean: number, own: Partial<BaselineReport> = {}): BaselineReport {
  return {
    name,
    environment: { ...comparison().environment, arithmetic: 'f16' },
    failed: null,
    tokensPerSecond: { median: 60, low: 55, high: 65, runs: 2 },
    speedUp: speedUp(geomean),
    againstFastest: null,
    roundMs: 17,
    phasesMs: null,
    firstTokenMs: 70,
    prompts: [0.9, 1.1].map((share) => ({ tokensPerSecond: [60], firstTokenMs: [70], speedUp: geomean * share })),
    ...own,
  }
}

/** A comparison in which a baseline is the fastest plain decoding: eagle3 is faster than plain, and slower than that. */
export function withBaseline(name: string): CompareReport {
  return comparison({
    fastestPlain: name,
    baselines: [baselineReport(name, 1.5)],
    strategies: [
      strategyReport('plain', { againstFastest: speedUp(0.67) }),
      drafting('lookup', 0.45, { againstFastest: speedUp(0.3) }),
      drafting('eagle3', 1.3, { againstFastest: speedUp(0.87) }),
      drafting('mtp', 1.8, { againstFastest: speedUp(1.2) }),
    ],
  })
}

function speedUp(geomean: number): SpeedUp {
  return { geomean, low: geomean * 0.9, high: geomean * 1.1, slower: geomean < 1 }
}

/** A comparison of two prompts. */
export function comparison(own: Partial<CompareReport> = {}): CompareReport {
  return {
    format: 1,
    title: 'stories-5m',
    environment: {
      name: 'webgpu',
      device: 'a card',
      arithmetic: 'f32',
      features: ['subgroups'],
      maxTensorBytes: 1024,
      cacheType: 'f16',
      software: false,
    },
    model: { architecture: 'llama', layers: 6, hidden: 256, vocab: 2048 } as CompareReport['model'],
    settings: {
      maxTokens: 48,
      repeats: 1,
      ignoreEos: true,
      acceptance: 'exact',
      warmUpMs: 500,
      phasePrompts: 1,
      capacity: 512,
      maxRows: 64,
    },
    guarantee: 'same-tokens',
    exact: true,
    cost: { rows: [1, 2, 4, 8], ms: [2, 2.1, 2.4, 3] },
    prompts: ['first', 'second'].map((name) => ({ name, category: null, tokens: 7, ids: [1, 2] })),
    strategies: [strategyReport('plain'), drafting('lookup', 0.45), drafting('eagle3', 1.3)],
    ...own,
  }
}
