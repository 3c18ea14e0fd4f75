import type { StrategyChoice } from '../choice'
import type { ShownRound } from '../protocol'
import { Icon } from './icons'
import { markOf } from './marks'

interface TreeViewProps {
  readonly round: ShownRound
  readonly choice: StrategyChoice
}

/** A round's tree from the last token before it: what the target accepted, what was dropped, and what it said itself. */
export function TreeView({ after, ...tree }: TreeViewProps & { readonly after: string }) {
  return (
    <div class="tree">
      <p class="root">
        after <code>{visible(after)}</code>
      </p>
      <Children of={-1} {...tree} />
    </div>
  )
}

function Children({ of, round, choice }: TreeViewProps & { of: number }) {
  const { tree, path, texts } = round
  const children = tree.parents.flatMap((parent, node) => (parent === of ? [node] : []))
  const last = path.at(-1) ?? -1
  if (children.length === 0 && of !== last) return null
  return (
    <ul>
      {children.map((node) => (
        <Node key={node} node={node} round={round} choice={choice} />
      ))}
      {of === last && (
        <li class="spoken">
          <span class="node">
            <span class="sign dot" />
            <span class="unseen">The target said</span>
            <code class="target">{visible(texts.at(-1) ?? '')}</code>
            <span class="who">target</span>
          </span>
        </li>
      )}
    </ul>
  )
}

function Node({ node, round, choice }: TreeViewProps & { node: number }) {
  const kept = round.path.includes(node)
  const probability = round.probabilities[node] ?? 0
  return (
    <li class={kept ? 'kept' : 'dropped'}>
      <span class="node">
        <span class="sign">
          <Icon of={kept ? 'kept' : 'dropped'} />
        </span>
        <span class="unseen">{kept ? 'Accepted' : 'Dropped'}</span>
        <code class={markOf(choice, round.by[node] ?? [])}>{visible(round.nodeTexts[node] ?? '')}</code>
        <span class="likely" style={{ '--share': probability }}>
          {percent(probability)}
        </span>
        {(round.by[node]?.length ?? 0) > 1 && <span class="who">{round.by[node]?.join(', ')}</span>}
      </span>
      <Children of={node} round={round} choice={choice} />
    </li>
  )
}

/** Blanks and ends of lines as signs that every font has. */
function visible(text: string): string {
  return text.replaceAll(' ', '·').replaceAll('\n', '¶')
}

function percent(share: number): string {
  if (share > 0 && share < 0.001) return '<0.1 %'
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}
