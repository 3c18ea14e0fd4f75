/** What an element holds: text is text, never markup; null is nothing. */
export type Child = Node | string | null

/** Makes an element. Text and attributes are escaped when the document is written out. */
export function element(
  document: Document,
  tag: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElement {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  for (const child of children)
    if (child !== null) made.appendChild(typeof child === 'string' ? document.createTextNode(child) : child)
  return made
}
