import { OutriderError } from '../errors'
import type { ByteSource } from './byte-source'
import type { ModelFolder } from './folder'
import { refused, request } from './http'
import { type RemoteOptions, remoteFile } from './remote-file'

/** A place on the Hub. */
export interface HubPlace {
  /** `owner/name`. */
  readonly repository: string
  /** Branch, tag or commit. */
  readonly revision: string
  /** Path within the repository; empty for its root. */
  readonly path: string
}

const HUB_ID = /^(\w[\w.-]*\/\w[\w.-]*)(?:@([^/@]+))?((?:\/[^/@]+)*)(?:@([^/@]+))?$/

/** Reads `owner/name`, `owner/name@revision/path` or `owner/name/path@revision`; null where `text` is no Hub id. */
export function hubPlace(text: string): HubPlace | null {
  const [, repository, before, path = '', after] = HUB_ID.exec(text) ?? []
  if (repository === undefined || (before !== undefined && after !== undefined)) return null
  return { repository, revision: before ?? after ?? 'main', path: path.slice(1) }
}

/** A folder of a repository on the Hub. `remote` carries the token, which goes nowhere else. */
export function hubFolder(hubUrl: string, place: HubPlace, remote: RemoteOptions): ModelFolder {
  const { repository, revision, path } = place
  const base = hubUrl.replace(/\/$/, '')
  const at = encodeURIComponent(decodeURIComponent(revision))
  const inside = (name: string) =>
    [...path.split('/'), name]
      .filter((part) => part !== '')
      .map(encodeURIComponent)
      .join('/')
  const location = `${repository}${revision === 'main' ? '' : `@${revision}`}${path === '' ? '' : `/${path}`}`
  return {
    location,
    open: (name): Promise<ByteSource | null> =>
      remoteFile(`${base}/${repository}/resolve/${at}/${inside(name)}`, name, remote),
    list: async () => {
      const url = `${base}/api/models/${repository}/tree/${at}/${inside('')}`
      const response = await request(url, remote.http)
      if (response.status === 404)
        throw new OutriderError('FILE_NOT_FOUND', `${location}: there is no such model on the Hub.`, {
          details: { location, url },
        })
      if (!response.ok) throw refused(url, remote.http, response)
      const entries = (await response.json()) as readonly { readonly type: string; readonly path: string }[]
      return entries.filter(({ type }) => type === 'file').map((entry) => entry.path.replace(/.*\//, ''))
    },
  }
}
