import type { CompareReport, StrategyReport } from '@outrider/core'

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
    speedUp: { geomean, low: geomean * 0.9, high: geomean * 1.1, slower: geomean < 1 },
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
