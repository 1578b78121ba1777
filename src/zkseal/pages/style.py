"""The style sheet of a page: system fonts, light and dark, readable on paper."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1a2130; --quiet: #5b6577; --line: #d9dee7; --panel: #f5f7fa;
  --blue: #2563c9; --blue-soft: #c9dbf7; --good: #1b7a45; --warn: #a35200; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161e; --ink: #e6eaf1; --quiet: #9aa5b8; --line: #2c3442; --panel: #1a202b;
    --blue: #7fb0ff; --blue-soft: #26406b; --good: #6bcf96; --warn: #f0a95c; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 64rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .25rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { max-width: 46rem; margin: .5rem 0 1rem; }
.quiet, figcaption, .lead { color: var(--quiet); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0 0; padding: 0; }
.tile { flex: 1 1 10rem; background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.tile dt { color: var(--quiet); font-size: .85rem; }
.tile dd { margin: 0; font-size: 1.5rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.tile dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--quiet); }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.notice { border-left: 4px solid var(--warn); background: var(--panel); padding: .6rem 1rem; border-radius: 0 .4rem .4rem 0; max-width: 46rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .5rem 0 1rem; }
th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; font-size: .82rem; vertical-align: bottom; }
th:first-child, td:first-child, td.text, th.text { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 7rem; }
tbody th { color: inherit; font-weight: 500; font-size: inherit; vertical-align: middle; }
tbody th[scope=row] { min-width: 12rem; }
td.bar { width: 26%; min-width: 7rem; }
.track { background: var(--panel); border-radius: .25rem; height: .8rem; overflow: hidden; }
.fill { background: var(--blue); height: 100%; border-radius: .25rem; min-width: 1px; }
.fill.good { background: var(--good); } .fill.warn { background: var(--warn); } .fill.bad { background: var(--bad); }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { flex: 1 1 20rem; max-width: 34rem; margin: 0; background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem; }
figcaption { font-size: .85rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--quiet); font-size: 11px; font-family: inherit; }
svg .axis { stroke: var(--line); stroke-width: 1; fill: none; }
svg .diagonal { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 4 3; }
svg .dot { fill: var(--blue); fill-opacity: .55; }
svg .column { fill: var(--blue); }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--blue); }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .88em; }
footer { margin-top: 3rem; color: var(--quiet); font-size: .85rem; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
@media print { main { max-width: none; } details > * { display: block; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
""".strip()  # noqa: E501 - one rule a line
