// `pnpm playground [arguments…]`: builds examples/04-playground and serves it on this machine; arguments are those of `vite preview`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildStale, install, root } from './workspace.mjs'

if (!install() || !buildStale()) process.exit(1)
const cwd = join(root, 'examples/04-playground')
const vite = (/** @type {readonly string[]} */ ...args) =>
  spawnSync(process.execPath, [join(cwd, 'node_modules/vite/bin/vite.js'), ...args], { cwd, stdio: 'inherit' })
    .status ?? 1
process.exit(vite('build') || vite('preview', ...process.argv.slice(2)))
