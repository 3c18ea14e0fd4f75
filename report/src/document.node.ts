import { JSDOM } from 'jsdom'

/** Outside a browser, a document of plain objects that is written out by the rules of browsers. */
export function newDocument(): Document {
  return new JSDOM().window.document
}
