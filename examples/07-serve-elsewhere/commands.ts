import { basename, join } from 'node:path'
import type { Head } from './head'
import { type Edit, type Launch, shellText } from './launch'
import { readHead } from './read-head'
import { type Setting, settingsOf } from './settings'
import { sglang } from './sglang'
import { type AskedShape, type DraftShape, draftShape, strategyHere } from './shape'
import { table } from './table'
import { readTarget } from './target'
import { vllm } from './vllm'
import { writeHead } from './write-head'

/** What the commands are written for. */
export interface CommandsOptions {
  readonly target: string
  /** null: no head, lookup in the text. */
  readonly head: string | null
  readonly shape: AskedShape
  readonly gpus: number
  /** null: each server's usual one. */
  readonly port: number | null
  /** Where to write copies of the head with the config.json that a server needs; null: nowhere. */
  readonly write: string | null
}

/** Writes how both servers are started with a head, and what becomes of each setting. Throws `UsageError`, and what opening files throws. */
export async function commandsText(options: CommandsOptions): Promise<string> {
  const target = await readTarget(options.target)
  const head = options.head === null ? null : await readHead(options.head, target)
  const shape = draftShape(head, options.shape)
  const { gpus, port } = options
  const launches = [
    (served: Head | null) => vllm(target, served, shape, { gpus, port: port ?? 8000 }),
    (served: Head | null) => sglang(target, served, shape, { gpus, port: port ?? 30000 }),
  ]
  return [
    `${basename(target.location)} with ${title(head)}: ${shapeText(shape)}`,
    `Here: --strategy '${strategyHere(head, target, shape)}'`,
    ...launches.map((launch) => launchText(launchWith(launch, head, options.write))),
    settingsText(settingsOf(head, shape)),
  ].join('\n\n')
}

/** A launch of the head as it lies there, or, with a folder to write to, of a copy with the edits that the server needs. */
function launchWith(launch: (served: Head | null) => Launch, head: Head | null, folder: string | null): Launch {
  const first = launch(head)
  if (head === null || folder === null || first.command === null || first.edits.length === 0) return first
  return { ...launch(writeHead(head, first.edits, join(folder, first.server.toLowerCase()))), edits: [] }
}

const kinds = {
  eagle1: 'an EAGLE-1 head',
  eagle3: 'an EAGLE-3 head',
  medusa: 'Medusa heads',
  mtp: 'MTP modules',
  draft: 'a draft model',
} as const

function title(head: Head | null): string {
  return head ? `${kinds[head.kind]} (${basename(head.location)}, names of ${head.layout})` : 'lookup in the text'
}

function shapeText({ steps, topK, nodes }: DraftShape): string {
  if (topK === 1 && nodes === steps) return `a chain of ${steps} token${steps > 1 ? 's' : ''}`
  return `a tree of ${nodes} nodes, ${steps} levels${topK > 1 ? `, ${topK} choices a node` : ''}`
}

function launchText({ server, command, edits, notes }: Launch): string {
  const said = [...edits.map(editText), ...notes]
  if (!command) return [`# ${server}: none`, ...said.map((note) => `# ${note}`)].join('\n')
  return [`# ${server}`, ...said.map((note) => `# - ${note}`), shellText(command)].join('\n')
}

function editText({ fields, because }: Edit): string {
  return `Write into a copy of its config.json (--write does): ${JSON.stringify(fields).slice(1, -1)}; ${because}.`
}

function settingsText(settings: readonly Setting[]): string {
  const reasons = [...new Set(settings.flatMap(({ why = [] }) => why))]
  const rows = settings.map(({ here, vllm, sglang, why = [] }) => [
    ...[here, vllm ?? 'none', sglang ?? 'none'],
    why
      .map((reason) => reasons.indexOf(reason) + 1)
      .toSorted((a, b) => a - b)
      .join(', '),
  ])
  const notes = reasons.map((reason, i) => `${i + 1}  ${reason}`)
  return [table([['setting here', 'vLLM', 'SGLang', 'note'], ...rows]), '', ...notes].join('\n')
}
