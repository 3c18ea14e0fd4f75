/**
 * Styles of `chartFigure`, for a page that shows charts live: a `<style>` of it, or a sheet. Everything is below
 * `.outrider-chart` and `.outrider-table`; the colours are custom properties that a page may set itself.
 */
export const chartStyles: string = `
:root {
  color-scheme: light dark;
  --outrider-paper: light-dark(#ffffff, #16191d);
  --outrider-ink: light-dark(#1c2127, #e4e7eb);
  --outrider-soft: light-dark(#5a626c, #a2abb6);
  --outrider-line: light-dark(#d8dce1, #353b43);
  --outrider-faster: light-dark(#1a7f4b, #4cc38a);
  --outrider-slower: light-dark(#b3412e, #f0876f);
  --outrider-draft: light-dark(#b86e00, #f0b352);
  --outrider-verify: light-dark(#2b6cb0, #6cb0f5);
  --outrider-host: light-dark(#8a8f98, #7d8590);
}
.outrider-chart { margin: 0; padding: 1rem; border: 1px solid var(--outrider-line); border-radius: 10px; min-width: 0; background: var(--outrider-paper); color: var(--outrider-ink); break-inside: avoid; }
.outrider-chart h3 { margin: 0 0 .5rem; font-size: 1.05rem; }
.outrider-chart svg { display: block; width: 100%; max-width: 34rem; height: auto; margin: 0 auto; }
.outrider-chart figcaption { color: var(--outrider-soft); font-size: .85rem; margin-top: .5rem; }
.outrider-chart .legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: .25rem 0 0; padding: 0; font-size: .85rem; }
.outrider-chart .legend span { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .4em; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.outrider-chart details { margin-top: .5rem; font-size: .85rem; }
.outrider-chart summary { cursor: pointer; }
.outrider-table { overflow-x: auto; max-width: 100%; }
.outrider-table:focus-visible { outline: 2px solid var(--outrider-verify); outline-offset: 2px; }
.outrider-table table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; min-width: 100%; }
.outrider-table caption { text-align: left; font-weight: 600; padding: .4rem 0; }
.outrider-table th, .outrider-table td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--outrider-line); vertical-align: top; white-space: nowrap; }
.outrider-table thead th { color: var(--outrider-soft); font-weight: 500; white-space: normal; }
.outrider-table tbody th { font-weight: 600; white-space: normal; overflow-wrap: anywhere; min-width: 8em; }
.outrider-table .number { text-align: right; }
`

/** Styles of the page around the charts. */
export const pageStyles: string = `
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; background: var(--outrider-paper); color: var(--outrider-ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem clamp(.75rem, 3vw, 2rem) 3rem; }
h1 { font-size: clamp(1.2rem, 1rem + 1.2vw, 1.6rem); line-height: 1.3; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .75rem; }
p, li, dd { overflow-wrap: anywhere; }
.equality { border-left: 4px solid var(--outrider-faster); padding: .25rem 0 .25rem .75rem; margin: 1rem 0; }
.equality.other { border-color: var(--outrider-slower); }
.equality p { margin: .25rem 0; }
.soft { color: var(--outrider-soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; align-items: start; }
.verdicts { padding-left: 1.1rem; }
.verdicts .slower { color: var(--outrider-slower); }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .25rem 1rem; margin: 0; }
dt { color: var(--outrider-soft); }
dd { margin: 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .75rem; border: 1px solid var(--outrider-line); border-radius: 8px; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print {
  :root { color-scheme: light; }
  main { max-width: none; padding: 0; }
  .charts { grid-template-columns: 1fr 1fr; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .outrider-table { overflow: visible; }
  .outrider-table th, .outrider-table td { white-space: normal; padding: .2rem .35rem; }
  h2 { break-after: avoid; }
}
`
