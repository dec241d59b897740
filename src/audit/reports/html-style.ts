/**
 * Colours follow the reader's system; deny, warn and allow differ in words too, not by colour alone. On a narrow screen each row
 * of the images is a card, and the headings, which sort, a line above them.
 */
export const htmlStyle = `
:root { color-scheme: light dark; --back: #ffffff; --raised: #f6f7f9; --ink: #1c2128; --quiet: #5b6573; --line: #d8dde3;
  --deny: #c62f2f; --warn: #8a5d00; --allow: #1a7f45; --deny-bar: #d9534f; --warn-bar: #bf8410; --allow-bar: #3d9460; }
@media (prefers-color-scheme: dark) { :root { --back: #14171c; --raised: #1d2128; --ink: #e4e8ee; --quiet: #a3adba; --line: #343b45;
  --deny: #ff8a80; --warn: #f0c04d; --allow: #6fd394; --deny-bar: #d25b55; --warn-bar: #c2952a; --allow-bar: #459765; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 100rem; padding: 1.5rem; background: var(--back); color: var(--ink);
  font: 0.95rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1rem; margin: 0 0 0.5rem; }
header p, footer { color: var(--quiet); margin: 0.25rem 0 0; }
footer { margin-top: 1.5rem; font-size: 0.85rem; }
.sums { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1rem 0; padding: 0; list-style: none; }
.sums li { flex: 0 1 7rem; min-width: 4.6rem; background: var(--raised); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.5rem 1rem; }
.sums b { display: block; font-size: 1.6rem; line-height: 1.2; }
.deny { color: var(--deny); } .warn { color: var(--warn); } .allow { color: var(--allow); }
.charts, .groups { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1rem; margin-bottom: 1rem; }
.groups { grid-template-columns: repeat(auto-fit, minmax(min(34rem, 100%), 1fr)); }
.charts section, .groups section, .problems { min-width: 0; background: var(--raised); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; }
.problems { margin-bottom: 1rem; overflow-wrap: anywhere; }
.charts p { margin: 0; color: var(--quiet); }
.chart { display: grid; grid-template-columns: fit-content(45%) minmax(3rem, 1fr) max-content; gap: 0.35rem 0.75rem; margin: 0; padding: 0; list-style: none; font-size: 0.9rem; }
.chart li { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; align-items: center; }
.chart .label { overflow-wrap: anywhere; } .chart .numbers { color: var(--quiet); }
svg { width: 100%; height: 0.9rem; display: block; }
.bar-deny { fill: var(--deny-bar); } .bar-warn { fill: var(--warn-bar); } .bar-allow { fill: var(--allow-bar); }
form { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; margin-bottom: 0.75rem; }
input, select { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--quiet); border-radius: 0.35rem; padding: 0.35rem 0.6rem; }
input { flex: 1 1 16rem; min-width: 0; }
::placeholder { color: var(--quiet); opacity: 1; }
output { color: var(--quiet); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 0.6rem; border-bottom: 1px solid var(--line); }
.groups td, .groups thead th + th { text-align: right; }
.groups thead th { vertical-align: bottom; }
.groups tbody th { font-weight: normal; min-width: 11rem; overflow-wrap: anywhere; }
#images { table-layout: fixed; font-size: 0.92em; }
#images th { position: sticky; top: 0; background: var(--back); box-shadow: inset 0 -1px var(--line); }
#images td { overflow-wrap: anywhere; }
#images th:nth-child(1) { width: 6.2rem; } #images th:nth-child(2) { width: 13%; } #images th:nth-child(3) { width: 20%; }
#images th:nth-child(4) { width: 13%; } #images th:nth-child(5) { width: 13%; } #images th:nth-child(7) { width: 12%; }
th button { all: unset; cursor: pointer; font-weight: 600; white-space: nowrap; }
:focus-visible, th button:focus-visible { outline: 2px solid currentcolor; outline-offset: 2px; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
td.verdict { font-weight: 600; }
td p { margin: 0 0 0.25rem; }
td small, .advice, #none { color: var(--quiet); }
code { font: 0.88em ui-monospace, monospace; overflow-wrap: anywhere; }
.place { font-size: 0.85em; color: var(--quiet); } .place span { display: inline-block; }
[hidden] { display: none !important; }
@media (max-width: 68rem) {
  body { padding: 1rem; }
  #images, #images tbody, #images tr, #images td { display: block; }
  #images thead tr { display: flex; flex-wrap: wrap; border-bottom: 1px solid var(--line); }
  #images th:nth-child(n) { width: auto; border: 0; padding: 0.25rem 1rem 0.25rem 0; position: static; box-shadow: none; }
  #images td { border: 0; padding: 0.1rem 0; } #images td[data-key=""] { display: none; }
  #images tbody tr { border-bottom: 1px solid var(--line); padding: 0.6rem 0; }
}
@media (max-width: 40rem) {
  .sums { gap: 0.5rem; flex-wrap: nowrap; } .sums li { padding: 0.5rem 0.6rem; }
  .chart, .chart li { grid-template-columns: 1fr max-content; } .chart li { gap: 0 0.75rem; } .chart svg { order: 1; grid-column: 1 / -1; height: 0.6rem; }
  .groups tr { display: grid; grid-template-columns: repeat(5, 1fr); } .groups th, .groups td { padding: 0.25rem 0; font-size: 0.9em; }
  .groups tr > :first-child { grid-column: 1 / -1; border: 0; }
}
@media print { form, #images button::after { display: none; } #images th { position: static; } tr { break-inside: avoid; } }
`
