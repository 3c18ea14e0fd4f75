// What @sparticuz/chromium carries (Linux, x64): a headless Chromium, its libraries and fonts, and SwiftShader.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const chromiumPackage = join(root, 'node_modules/@sparticuz/chromium')

/**
 * The path of a file of the package, or undefined where it is not installed or not for this machine.
 * @param {string} name
 * @returns {string | undefined}
 */
export function packed(name) {
  const path = join(chromiumPackage, 'bin', name)
  return process.platform === 'linux' && process.arch === 'x64' && existsSync(path) ? path : undefined
}

/**
 * A folder of the cache that `fill` has filled: now, or once before for the same version of the package. Several processes may ask
 * for it at the same time.
 * @param {string} name
 * @param {(folder: string) => void} fill
 * @returns {string} its path
 */
export function unpackedOnce(name, fill) {
  const { version } = JSON.parse(readFileSync(join(chromiumPackage, 'package.json'), 'utf8'))
  const folder = join(root, 'node_modules/.cache', `outrider-${name}-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(dirname(folder), { recursive: true })
  const fresh = mkdtempSync(`${folder}-`)
  try {
    fill(fresh)
    renameSync(fresh, folder)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}
