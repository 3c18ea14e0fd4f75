import { engine, liveBytes } from '../state/engine'
import { bytesInWords } from './bytes'

/** What computes, and what it holds. */
export function DeviceFacts() {
  const { value } = engine
  if (value.kind !== 'ready' && value.kind !== 'lost') return null
  const { opened } = value
  const facts: readonly (readonly [string, string])[] = [
    ['Device', opened.device],
    ['Backend', opened.backend],
    ['Features', opened.features.join(', ') || 'none'],
    ['Arithmetic', `${opened.arithmetic}, cache ${opened.cacheType}`],
    ['Memory', bytesInWords(liveBytes.value)],
    ['Same bits in every pass', opened.exact ? 'yes' : 'no: texts may differ'],
  ]
  return (
    <dl class="facts" id="device-facts">
      {facts.map(([name, fact]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  )
}
