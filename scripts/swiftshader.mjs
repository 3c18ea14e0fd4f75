// SwiftShader, a Vulkan device on the CPU: what the GPU tests and the demo run on where there is no GPU.
// The driver comes with @sparticuz/chromium (Linux, x64).
import { join } from 'node:path'
import { extract } from 'tar'
import { packed, unpackedOnce } from './unpack.mjs'

/**
 * The environment that a process must be started with to see SwiftShader as its Vulkan device. The dynamic linker reads
 * it at start, so setting it inside a running process is too late. Undefined where the driver does not exist.
 * @returns {Record<string, string> | undefined}
 */
export function swiftShaderEnvironment() {
  const archive = packed('swiftshader.tar.br')
  if (!archive) return undefined
  const folder = unpackedOnce('swiftshader', (cwd) => extract({ sync: true, file: archive, brotli: true, cwd }))
  const driver = join(folder, 'vk_swiftshader_icd.json')
  const before = process.env.LD_LIBRARY_PATH
  return {
    LD_LIBRARY_PATH: before ? `${folder}:${before}` : folder,
    VK_ICD_FILENAMES: driver,
    VK_DRIVER_FILES: driver,
  }
}
