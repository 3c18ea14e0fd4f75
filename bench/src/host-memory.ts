import { readFileSync, writeFileSync } from 'node:fs'

/** Bytes that this process held in memory at most since `resetPeak`, or since its start where the system keeps no other count. */
export function peakHostBytes(): number {
  try {
    const [, kilobytes] = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if (kilobytes !== undefined) return Number(kilobytes) * 1024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}

/** Begins a new count, where the system can (Linux, `clear_refs` of proc(5)). */
export function resetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // The peak of the whole process is what is left to tell.
  }
}
