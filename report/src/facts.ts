/** A named value that a report states: a processor, a version. */
export interface Fact {
  readonly name: string
  readonly value: string
}

/** What a comparison does not know of itself, and its reader wants to. Whoever ran it tells; all of it is shown as text. */
export interface ReportFacts {
  /** When it was measured, ISO 8601; null where nobody wrote it down. */
  readonly measured: string | null
  /** What repeats it, a command line or an address; null where nobody wrote it down. */
  readonly repeat: string | null
  /** Processor, memory, operating system, browser. The device that computed is in the comparison itself. */
  readonly machine: readonly Fact[]
  /** Of the packages, the runtime and the GPU library. */
  readonly versions: readonly Fact[]
}
