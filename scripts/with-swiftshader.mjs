// node scripts/with-swiftshader.mjs <command> [arguments…]: runs the command with SwiftShader as its Vulkan device.
import { spawn } from 'node:child_process'
import { swiftShaderEnvironment } from './swiftshader.mjs'

const [command, ...args] = process.argv.slice(2)
if (!command) {
  console.error('usage: node scripts/with-swiftshader.mjs <command> [arguments…]')
  process.exit(2)
}
const environment = swiftShaderEnvironment()
if (!environment) {
  console.error('SwiftShader is packaged for Linux on x64 only, and `pnpm install` must have run.')
  process.exit(2)
}
const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(error.message)
  process.exit(127)
})
child.on('exit', (code) => process.exit(code ?? 1))
