import type { RunningServer } from './server'

const question = {
  messages: [{ role: 'user', content: 'The little fox was very hungry.' }],
  max_tokens: 40,
  temperature: 0,
}

/** Asks a server for one answer as a client would, and gives it as it came, with the metrics that it left. Throws where there is none. */
export async function askOnce({ url, served }: RunningServer, token: string | null): Promise<string> {
  const authorization = token === null ? {} : { Authorization: `Bearer ${token}` }
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...authorization },
    body: JSON.stringify({ model: served.name, ...question }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`the server answered ${answer.status}: ${text}`)
  const metrics = await fetch(`${url}/metrics`, { headers: authorization })
  const lines = (await metrics.text()).split('\n')
  // Buckets are many, and for scrapers.
  return [text, '', ...lines.filter((line) => !line.includes('_bucket{'))].join('\n')
}
