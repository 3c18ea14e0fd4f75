/** A document of its own, so that nothing shows while a report is made. */
export function newDocument(): Document {
  return document.implementation.createHTMLDocument()
}
