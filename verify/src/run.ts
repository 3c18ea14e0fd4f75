import { appendFileSync } from 'node:fs'
import type { CheckResult } from './checks'

/** Runs checks one after another and tells what each found. */
export class Run {
  passed = 0
  failed = 0

  constructor(private readonly json: string | null) {}

  async check(name: string, work: () => Promise<CheckResult>): Promise<void> {
    const started = performance.now()
    const { faults, note } = await work().catch((error: unknown) => ({ faults: [describe(error)], note: 'broke off' }))
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const ok = faults.length === 0
    if (ok) this.passed++
    else this.failed++
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}: ${note} (${seconds} s)`)
    for (const fault of faults.slice(0, 10)) console.log(`       ${fault}`)
    this.log({ check: name, ok, note, seconds: Number(seconds), faults: faults.slice(0, 10) })
  }

  /** Something measured, with no verdict. */
  report(name: string, values: Readonly<Record<string, unknown>>): void {
    console.log(`     ${name}: ${JSON.stringify(values)}`)
    this.log({ report: name, ...values })
  }

  private log(line: Readonly<Record<string, unknown>>): void {
    if (this.json) appendFileSync(this.json, `${JSON.stringify(line)}\n`)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
