import { readFile } from 'node:fs/promises'
import type { CompareReport } from '@outrider/core'
import type { ReportFacts } from '@outrider/report'
import { UsageError } from './usage-error'

/** A comparison and what was written down beside it. */
export interface Recorded {
  readonly report: CompareReport
  readonly facts: ReportFacts
}

const unknown: ReportFacts = { measured: null, repeat: null, machine: [], versions: [] }

/** Reads what `--json` wrote, or a bare `CompareReport`, of which nothing more is known. Throws `UsageError`. */
export async function readRecorded(file: string): Promise<Recorded> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`cannot read ${file}: ${error.message}`)
  })
  const value = parse(text)
  if (!isRecorded(value)) throw new UsageError(`${file} is no report of this command: give what --json wrote`)
  const { facts, ...report } = value
  return { report, facts: facts ?? unknown }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** By its version: whatever has it was written by `compare`. */
function isRecorded(value: unknown): value is CompareReport & { readonly facts?: ReportFacts } {
  const { format, strategies, prompts } = (value ?? {}) as Partial<CompareReport>
  return format === 1 && Array.isArray(strategies) && Array.isArray(prompts)
}
