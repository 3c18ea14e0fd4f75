// Which WebGPU adapter does this machine offer, and with which environment must a process start to get the best one?
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { swiftShaderEnvironment } from './swiftshader.mjs'

/** @typedef {{ vendor: string, architecture: string, device: string, description: string, fallback: boolean }} Adapter */
/** @typedef {{ kind: 'hardware' | 'swiftshader' | 'none', adapter?: Adapter, environment: Record<string, string> }} Choice */

const probe = `
import { create } from 'webgpu'
globalThis.gpu = create([])
globalThis.adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
if (adapter) {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info
  process.stdout.write(JSON.stringify({ vendor, architecture, device, description, fallback: isFallbackAdapter }))
}
process.exit(0)
`

/**
 * Asks for an adapter in a child process, since a driver may crash the process that loads it.
 * @param {Record<string, string>} environment
 * @returns {Adapter | undefined}
 */
function probeAdapter(environment = {}) {
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', probe], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    timeout: 60_000,
  })
  return child.status === 0 && child.stdout ? JSON.parse(child.stdout) : undefined
}

/** @param {Adapter} adapter */
function isHardware(adapter) {
  const names = `${adapter.vendor} ${adapter.architecture} ${adapter.device} ${adapter.description}`
  return !adapter.fallback && !/swiftshader|llvmpipe|lavapipe|basic render|\bcpu\b/i.test(names)
}

/**
 * The best WebGPU device of this machine: hardware, else SwiftShader, else none. Start the process that uses it with
 * `{ ...process.env, ...environment }`.
 * @returns {Choice}
 */
export function chooseAdapter() {
  const own = probeAdapter()
  if (own && isHardware(own)) return { kind: 'hardware', adapter: own, environment: {} }
  const environment = swiftShaderEnvironment()
  const adapter = environment && probeAdapter(environment)
  if (environment && adapter) return { kind: 'swiftshader', adapter, environment }
  return { kind: 'none', environment: {} }
}
