import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { UsageError } from '@outrider/example-02-compare/strategies'

/** What the servers are told: an absolute path for what lies on this disk, else a Hub id as it is. Throws `UsageError`. */
export function servedLocation(location: string): string {
  if (/^[a-z]+:\/\//i.test(location))
    throw new UsageError(`${location} is a URL: both servers take a folder or a Hub id (owner/name)`)
  if (!existsSync(location)) return location
  if (!statSync(location).isDirectory())
    throw new UsageError(`${location} is a file: both servers take the folder with config.json and safetensors`)
  return resolve(location)
}
