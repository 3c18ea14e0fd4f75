import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, cpus, release, type as system, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Fact, ReportFacts } from '@outrider/report'

const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** What a report says of this machine, of what ran on it, and of the command with these arguments. */
export function factsOf(args: readonly string[]): ReportFacts {
  const processors = cpus()
  return {
    measured: new Date().toISOString(),
    repeat: ['pnpm compare', ...args.map(quoted)].join(' '),
    machine: [
      { name: 'Processor', value: `${processors.length} × ${processors[0]?.model.trim() || arch()}` },
      { name: 'Memory', value: `${(totalmem() / 2 ** 30).toFixed(0)} GiB` },
      { name: 'System', value: `${system()} ${release()} (${arch()})` },
    ],
    versions: [
      { name: '@outrider/core', value: version('packages/core') },
      ...commit(),
      { name: 'webgpu (Dawn)', value: version('node_modules/webgpu') },
      { name: 'Node', value: process.version },
    ],
  }
}

function version(folder: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(`${root}${folder}/package.json`, 'utf8'))
  return version
}

/** Of a working copy; nothing where the sources came without their history. */
function commit(): readonly Fact[] {
  try {
    const run = (...args: readonly string[]) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
    const changed = run('status', '--porcelain', '--untracked-files=no').trim() ? ', with changes' : ''
    return [{ name: 'Commit', value: `${run('rev-parse', '--short', 'HEAD').trim()}${changed}` }]
  } catch {
    return []
  }
}

/** As a POSIX shell reads it back. */
function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`
}
