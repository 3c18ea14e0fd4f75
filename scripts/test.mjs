// `pnpm test [--only step,step…]`: the gate. Installs what is missing, runs every step, keeps going after a failure, and ends
// with the one line `N passed, N failed`.
import { parseArgs } from 'node:util'
import { buildStale, install } from './workspace.mjs'

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const only = values.only?.split(',')

let passed = 0
let failed = 0

/** @param {boolean} ok */
function end(ok) {
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(ok && failed === 0 ? 0 : 1)
}

if (!install()) {
  failed = 1
  end(false)
}
const { steps } = await import('./steps.mjs')
const unknown = only?.filter((name) => !steps.some((step) => step.name === name)) ?? []
if (unknown.length > 0) {
  console.log(`no step ${unknown.join(', ')}; the steps are ${[...new Set(steps.map((step) => step.name))].join(', ')}`)
  failed = 1
  end(false)
}
const chosen = steps.filter((step) => !only || only.includes(step.name))
if (chosen.some((step) => step.built) && !chosen.some((step) => step.name === 'build')) {
  console.log('\n== build what is stale')
  buildStale()
}
for (const step of chosen) {
  console.log(`\n== ${step.title}`)
  const start = performance.now()
  const outcome = await step.run()
  passed += outcome.passed
  failed += outcome.failed
  if (outcome.failed > 0) console.log(outcome.output.trimEnd())
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(
    `${outcome.failed > 0 ? 'FAILED' : 'ok'}: ${outcome.passed} passed, ${outcome.failed} failed, ${seconds} s`,
  )
}
console.log()
end(true)
