// SwiftShader, a Vulkan device on the CPU: what the GPU tests and the demo run on where there is no GPU.
// The driver comes with @sparticuz/chromium (Linux, x64).
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { extract } from 'tar'

const root = join(import.meta.dirname, '..')
const archive = join(root, 'node_modules/@sparticuz/chromium/bin/swiftshader.tar.br')
const folder = join(root, 'node_modules/.cache/outrider-swiftshader')
const driver = join(folder, 'vk_swiftshader_icd.json')

/** Unpacks the driver once; several processes may do it at the same time. */
function unpack() {
  mkdirSync(dirname(folder), { recursive: true })
  const fresh = mkdtempSync(`${folder}-`)
  extract({ sync: true, file: archive, brotli: true, cwd: fresh })
  try {
    renameSync(fresh, folder)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(driver)) throw error
  }
}

/**
 * The environment that a process must be started with to see SwiftShader as its Vulkan device. The dynamic linker reads
 * it at start, so setting it inside a running process is too late. Undefined where the driver does not exist.
 * @returns {Record<string, string> | undefined}
 */
export function swiftShaderEnvironment() {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(archive)) return undefined
  if (!existsSync(driver)) unpack()
  const before = process.env.LD_LIBRARY_PATH
  return {
    LD_LIBRARY_PATH: before ? `${folder}:${before}` : folder,
    VK_ICD_FILENAMES: driver,
    VK_DRIVER_FILES: driver,
  }
}
