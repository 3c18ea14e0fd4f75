// How one step of the gate is run and counted.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from './workspace.mjs'

/** @typedef {{ passed: number, failed: number, output: string }} Outcome */

const bin = join(root, 'node_modules/.bin')

/**
 * Runs a command in the repository root without input and keeps what it prints.
 * @param {readonly string[]} command
 * @param {{ environment?: Record<string, string> | undefined, timeoutMinutes?: number }} [options]
 * @returns {Promise<{ ok: boolean, output: string, stdout: string }>}
 */
export function run([name = '', ...args], { environment = {}, timeoutMinutes = 10 } = {}) {
  const path = `${bin}${delimiter}${process.env.PATH}`
  const child = spawn(name, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...environment, PATH: path },
    timeout: timeoutMinutes * 60_000,
    killSignal: 'SIGKILL',
  })
  let output = ''
  let stdout = ''
  child.stdout.on('data', (data) => {
    output += data
    stdout += data
  })
  child.stderr.on('data', (data) => {
    output += data
  })
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: String(error), stdout }))
    child.on('close', (code, signal) => {
      const end = signal ? `\n${name} was ended by ${signal}; the limit is ${timeoutMinutes} minutes` : ''
      resolve({ ok: code === 0, output: output + end, stdout })
    })
  })
}

/**
 * A step that counts as one: all of its commands run, and one that fails fails it.
 * @param {readonly (readonly string[])[]} commands
 * @returns {Promise<Outcome>}
 */
export async function commands(commands) {
  let output = ''
  let ok = true
  for (const command of commands) {
    const result = await run(command)
    output += result.output
    ok &&= result.ok
  }
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, output }
}

/**
 * A vitest project, counted by test. A skipped test proves nothing and counts as failed, unless its title says why it is
 * skipped (models too large for the repository): that is printed. A file that cannot be loaded, an error outside of the tests
 * and a run without tests count as one failure each.
 * @param {string} project
 * @param {number} timeoutMinutes
 * @returns {Promise<Outcome>}
 */
export async function vitest(project, timeoutMinutes) {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-vitest-'))
  const report = join(folder, 'report.json')
  const command = ['vitest', 'run', '--project', project, '--reporter=default', '--reporter=json']
  const { ok, output } = await run([...command, `--outputFile.json=${report}`], { timeoutMinutes })
  let passed = 0
  let failed = 0
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'))
    passed = result.numPassedTests
    failed = result.numFailedTests
    for (const file of result.testResults) {
      if (file.status === 'failed' && !file.assertionResults.some(isFailure)) failed += 1
      for (const { status, fullName } of file.assertionResults) {
        if (status === 'passed' || status === 'failed') continue
        const reason = /\(skipped: [^)]+\)/.test(fullName)
        console.log(`${reason ? 'skipped' : 'SKIPPED WITHOUT A REASON'}: ${fullName}`)
        if (!reason) failed += 1
      }
    }
  } catch {
    failed = 1
  }
  rmSync(folder, { recursive: true, force: true })
  if (failed === 0 && (!ok || passed === 0)) failed = 1
  return { passed, failed, output }
}

/** @param {{ status: string }} test */
function isFailure(test) {
  return test.status === 'failed'
}
