import { backendConformance } from '@outrider/core/conformance'
import { webgpu } from '@outrider/kernels'

/** Runs the backend's conformance kit here, and gives what is wrong for each of its checks: null where nothing is. */
export async function backendFaults(): Promise<Readonly<Record<string, string | null>>> {
  const checks: { readonly name: string; readonly run: () => Promise<void> }[] = []
  const expect = (value: unknown) => ({
    toEqual: (expected: unknown) => {
      if (JSON.stringify(value) !== JSON.stringify(expected)) throw new Error(JSON.stringify(value))
    },
  })
  backendConformance({ it: (name, run) => checks.push({ name, run }), expect }, { backend: () => webgpu() })
  const faults: Record<string, string | null> = {}
  for (const { name, run } of checks)
    faults[name] = await run().then(
      () => null,
      (error: Error) => error.message,
    )
  return faults
}
