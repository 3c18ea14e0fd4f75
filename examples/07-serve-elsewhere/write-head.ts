import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { UsageError } from '@outrider/example-02-compare/strategies'
import type { Head } from './head'
import type { Edit } from './launch'

/** Copies a head's folder and writes the edits into the copy's config.json. Throws `UsageError`. */
export function writeHead<Kind extends Head>(head: Kind, edits: readonly Edit[], folder: string): Kind {
  const location = resolve(folder)
  if (!existsSync(head.location))
    throw new UsageError(`--write copies a head of this disk, and ${head.location} is a Hub id: download it first`)
  if (existsSync(join(location, 'config.json')))
    throw new UsageError(`--write: ${location} has a config.json already: name an empty folder`)
  if (`${location}${sep}`.startsWith(`${head.location}${sep}`))
    throw new UsageError(`--write: ${location} lies in the head's own folder`)
  mkdirSync(location, { recursive: true })
  cpSync(head.location, location, { recursive: true })
  const config = Object.assign({}, head.config, ...edits.map(({ fields }) => fields))
  writeFileSync(join(location, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
  return { ...head, location, config }
}
