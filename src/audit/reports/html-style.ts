/** Colours follow the reader's system; deny, warn and allow differ in words and place too, not by colour alone. */
export const htmlStyle = `
:root { color-scheme: light dark; --back: #ffffff; --raised: #f6f7f9; --ink: #1c2128; --quiet: #5b6573; --line: #d8dde3;
  --deny: #c62f2f; --warn: #9a6700; --allow: #1a7f45; --deny-bar: #d9534f; --warn-bar: #e0a526; --allow-bar: #52a56f; }
@media (prefers-color-scheme: dark) { :root { --back: #14171c; --raised: #1d2128; --ink: #e4e8ee; --quiet: #9aa4b2; --line: #343b45;
  --deny: #ff8a80; --warn: #f0c04d; --allow: #6fd394; --deny-bar: #c9504b; --warn-bar: #b98a1f; --allow-bar: #3f8a5b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 96rem; padding: 1.5rem; background: var(--back); color: var(--ink);
  font: 0.95rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1rem; margin: 0 0 0.5rem; }
header p, footer { color: var(--quiet); margin: 0.25rem 0 0; }
footer { margin-top: 1.5rem; font-size: 0.85rem; }
.sums { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1rem 0; padding: 0; list-style: none; }
.sums li { background: var(--raised); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.5rem 1rem; min-width: 7rem; }
.sums b { display: block; font-size: 1.6rem; line-height: 1.2; }
.deny { color: var(--deny); } .warn { color: var(--warn); } .allow { color: var(--allow); }
.charts, .groups { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1rem; margin-bottom: 1rem; }
.groups { grid-template-columns: repeat(auto-fit, minmax(min(34rem, 100%), 1fr)); }
.charts section, .groups section, .problems { background: var(--raised); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; }
.problems { margin-bottom: 1rem; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.bar-deny { fill: var(--deny-bar); } .bar-warn { fill: var(--warn-bar); } .bar-allow { fill: var(--allow-bar); }
form { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; margin-bottom: 0.75rem; }
input, select { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 0.35rem; padding: 0.35rem 0.6rem; }
input { flex: 1 1 16rem; }
output { color: var(--quiet); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 0.6rem; border-bottom: 1px solid var(--line); }
thead th { white-space: nowrap; }
#images th { position: sticky; top: 0; background: var(--back); }
.groups td, .groups thead th + th { text-align: right; }
.groups thead th { white-space: normal; vertical-align: bottom; }
.groups tbody th { font-weight: normal; min-width: 11rem; overflow-wrap: anywhere; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid currentcolor; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
#images td:nth-child(3) { min-width: 15rem; } #images td:nth-child(6) { min-width: 20rem; } #images td:nth-child(7) { min-width: 9rem; }
td.verdict { font-weight: 600; white-space: nowrap; }
td p { margin: 0 0 0.25rem; }
td small { color: var(--quiet); overflow-wrap: anywhere; }
code { font: 0.88em ui-monospace, monospace; overflow-wrap: anywhere; }
.advice { color: var(--quiet); overflow-wrap: anywhere; }
[hidden] { display: none; }
`
