/** What is proposed, and after which ends of the text. */
export interface LookupSizes {
  readonly minNgram: number
  readonly maxNgram: number
  readonly tokens: number
}
