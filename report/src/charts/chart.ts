import type { Table } from '../table'

/** How a chart is drawn. */
export interface DrawOptions {
  /** What makes its elements: the page's own, where it is shown live. */
  readonly document: Document
  /** Width in px of the drawing's own scale; it shrinks with the box that holds it. Default 440, which suits a phone. */
  readonly width?: number
}

/** A chart with what tells the same in words and numbers. */
export interface Chart {
  /** For anchors: letters and dashes. */
  readonly id: string
  readonly title: string
  /** How to read it. */
  readonly note: string
  /** What it shows, in a sentence: the text alternative of the drawing. */
  readonly alternative: string
  /** What its colours mean, where they tell something that no label tells. */
  readonly legend: readonly { readonly label: string; readonly colour: string }[]
  /** Its numbers. */
  readonly table: Table
  /** Makes the drawing, a `<svg>` of its own styles; null where the data lack what it shows: `note` says why. */
  readonly draw: ((options: DrawOptions) => Element) | null
}
