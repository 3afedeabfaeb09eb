/** The page's own style: no fonts or images from anywhere, light and dark by the reader's system, fit for print. */
export const pageStyle = `
:root {
  color-scheme: light;
  --paper: #ffffff; --panel: #f6f7f9; --ink: #1b2330; --ink-dim: #5c6675; --line: #d9dde3;
  --good: #17793f; --good-soft: #e4f4ea; --bad: #c22a2a; --bad-soft: #fce9e8; --warn: #9a5b00; --warn-soft: #fdf1dc;
  --series-1: #2463c9; --series-2: #d9730d; --series-3: #1a8f7d; --series-4: #8a4fbf;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --paper: #12161d; --panel: #1b212b; --ink: #e6eaf0; --ink-dim: #9aa5b4; --line: #323b48;
    --good: #5ccb8b; --good-soft: #15301f; --bad: #ff7b72; --bad-soft: #3a1a1a; --warn: #f0b04e; --warn-soft: #36270f;
    --series-1: #6ea4ff; --series-2: #ffa657; --series-3: #4fd1bd; --series-4: #c99bff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main, .index { max-width: 1040px; margin: 0 auto; padding: 24px 20px 48px; }
.index { padding-bottom: 0; }
article + article { margin-top: 64px; border-top: 3px double var(--line); padding-top: 32px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 12px; }
section { margin-top: 40px; }
p { margin: 0 0 8px; }
a { color: var(--series-1); }
.subject span { white-space: nowrap; }
.subject { color: var(--ink-dim); margin: 6px 0 0; }
.verdict { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; margin: 20px 0 0; padding: 12px 16px;
  border-radius: 8px; border-left: 6px solid; }
.verdict strong { font-size: 1.15rem; letter-spacing: 0.02em; }
.verdict span { color: var(--ink); }
.verdict.good { background: var(--good-soft); border-color: var(--good); }
.verdict.bad { background: var(--bad-soft); border-color: var(--bad); }
.verdict.warn { background: var(--warn-soft); border-color: var(--warn); }
.verdict.good strong, .good { color: var(--good); }
.verdict.bad strong, .bad { color: var(--bad); }
.verdict.warn strong, .warn { color: var(--warn); }
.dim { color: var(--ink-dim); }
.interruption { margin: 12px 0 0; padding: 0 16px; }
.judgements { list-style: none; margin: 14px 0 0; padding: 0; display: grid; gap: 0; }
.judgements li { display: grid; grid-template-columns: 5.2em 1fr; gap: 0 10px; padding: 4px 16px; }
.judgements .mark { font-weight: 600; }
.judgements .advice { grid-column: 2; color: var(--ink-dim); }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 10px; margin: 20px 0 0; }
.tiles div { background: var(--panel); border-radius: 8px; padding: 10px 14px; }
.tiles dt { color: var(--ink-dim); font-size: 0.8rem; }
.tiles dd { margin: 0; font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.facts { display: flex; flex-wrap: wrap; gap: 4px 26px; margin: 0 0 14px; }
.facts div { display: flex; flex-wrap: wrap; gap: 0 8px; }
.facts dt { color: var(--ink-dim); }
.facts dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.tables { display: flex; flex-wrap: wrap; gap: 0 56px; }
.scroll { overflow-x: auto; margin: 0 0 16px; max-width: 100%; }
.scroll.tall { max-height: 32rem; overflow-y: auto; }
.scroll.tall thead th { position: sticky; top: 0; background: var(--paper); }
.charts { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 32px; }
.charts figure { grid-column: 1 / -1; min-width: 0; }
.charts figure.half { grid-column: auto; display: flex; flex-direction: column; justify-content: space-between; }
.filter { margin: 18px 0 0; }
.filter select { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 3px 8px; }
.scroll:focus-visible { outline: 2px solid var(--series-1); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.93rem; }
caption { text-align: left; color: var(--ink-dim); font-size: 0.87rem; padding: 0 0 6px; white-space: nowrap; }
th, td { padding: 5px 14px 5px 0; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--line); }
thead th { color: var(--ink-dim); font-weight: 500; }
tbody th { font-weight: 500; }
th + th, td { padding-left: 14px; }
.value { text-align: right; }
td.heat { background: color-mix(in srgb, var(--series-1) calc(var(--heat) * 55%), transparent); }
.note { color: var(--ink-dim); font-size: 0.87rem; max-width: 76ch; }
figure { margin: 0 0 20px; }
figcaption { font-weight: 600; margin: 0 0 8px; }
figcaption span { display: block; font-weight: 400; color: var(--ink-dim); font-size: 0.87rem; max-width: 90ch; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; }
.narrow { display: none; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 18px 0 0; padding: 0; }
details summary { cursor: pointer; color: var(--ink-dim); margin-bottom: 8px; }
pre { background: var(--panel); border-radius: 8px; padding: 12px 14px; overflow-x: auto; font-size: 0.85rem; }
footer { margin-top: 48px; color: var(--ink-dim); font-size: 0.87rem; }
@media screen and (max-width: 640px) {
  body { font-size: 16px; }
  main { padding: 16px 14px 32px; }
  .wide { display: none; }
  .narrow { display: block; }
  .charts { grid-template-columns: 1fr; }
  .judgements li { grid-template-columns: 1fr; padding: 6px 4px; }
  .judgements .advice { grid-column: 1; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  table { font-size: 0.87rem; }
  th, td { padding: 5px 8px 5px 0; }
  th + th, td { padding-left: 8px; }
  caption { white-space: normal; }
}
@media print {
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  section { margin-top: 20pt; }
  figure, tr, .verdict, .tiles, .judgements li { break-inside: avoid; }
  h2, figcaption, caption { break-after: avoid; }
  .scroll, .scroll.tall { overflow: visible; max-height: none; }
  .charts { gap: 4pt 14pt; }
  .filter { display: none; }
  table { font-size: 8.5pt; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
`;
