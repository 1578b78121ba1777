"""Plots without libraries: SVG that takes its colours from the page, and tables with bars."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

__all__ = ["bar", "histogram", "scatter", "table"]

WIDTH, HEIGHT, LEFT, BOTTOM, MARGIN = 360.0, 250.0, 52.0, 36.0, 10.0
COLUMNS = 31


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, texts: Sequence[int] = (), caption: str) -> str:
    """A table; cells are HTML, columns are text. `texts`: columns that are aligned to the left beside the first."""
    head = "".join(
        f'<th scope="col"{_text(index, texts)}>{escape(column)}</th>' for index, column in enumerate(columns)
    )
    body = "".join(f"<tr>{''.join(_cell(k, cell, texts) for k, cell in enumerate(row))}</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _text(index: int, texts: Sequence[int]) -> str:
    return ' class="text"' if index in texts else ""


def _cell(index: int, cell: str, texts: Sequence[int]) -> str:
    if index == 0:
        return f'<th scope="row">{cell}</th>'
    if cell.startswith('<div class="track"'):
        return f'<td class="bar">{cell}</td>'
    return f"<td{_text(index, texts)}>{cell}</td>"


def bar(share: float, kind: str = "") -> str:
    """A horizontal bar, for a cell whose number stands beside it. `kind`: "", "good", "warn" or "bad"."""
    width = 100 * min(max(share, 0.0), 1.0)
    return f'<div class="track" aria-hidden="true"><div class="fill {kind}" style="width:{width:.1f}%"></div></div>'


def scatter(x: Sequence[float], y: Sequence[float], *, title: str, x_label: str, y_label: str) -> str:
    """Points, and the diagonal on which both are the same."""
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    lo, hi = float(min(a.min(), b.min())), float(max(a.max(), b.max()))
    lo, hi = (lo - 0.5, hi + 0.5) if hi <= lo else (lo, hi)
    places = zip(_across((a - lo) / (hi - lo)), _up((b - lo) / (hi - lo)), strict=True)
    dots = "".join(
        f'<circle class="dot" fill="#2563c9" cx="{left:.1f}" cy="{top:.1f}" r="2.4"/>' for left, top in places
    )
    ends = (*_across(np.asarray([0.0, 1.0])), *_up(np.asarray([0.0, 1.0])))
    x1, x2, y1, y2 = (f"{end:.1f}" for end in ends)
    line = f'<line class="diagonal" stroke="#5b6577" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>'
    ticks = _axes((_short(lo), _short(hi)), (_short(lo), _short(hi)), x_label, y_label)
    return _svg(ticks + line + dots, title)


def histogram(values: Sequence[float], *, title: str, x_label: str) -> str:
    """How often which value occurs; around zero."""
    array = np.asarray(values, dtype=np.float64)
    reach = float(np.abs(array).max(initial=0.0)) or 1.0
    counts, _ = np.histogram(array, bins=COLUMNS, range=(-reach, reach))
    most = int(counts.max(initial=1)) or 1
    step = (WIDTH - LEFT - MARGIN) / COLUMNS
    floor = float(_up(np.zeros(1))[0])
    columns = "".join(
        f'<rect class="column" fill="#2563c9" x="{LEFT + k * step + 0.5:.1f}" y="{top:.1f}" width="{step - 1:.1f}" '
        f'height="{floor - top:.1f}"/>'
        for k, top in enumerate(_up(counts / most))
        if counts[k]
    )
    return _svg(_axes((_short(-reach), _short(reach)), ("0", str(most)), x_label, "entries") + columns, title)


def _across(share: np.ndarray) -> np.ndarray:
    return np.asarray(LEFT + share * (WIDTH - LEFT - MARGIN))


def _up(share: np.ndarray) -> np.ndarray:
    return np.asarray(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - MARGIN))


def _axes(x_ends: tuple[str, str], y_ends: tuple[str, str], x_label: str, y_label: str) -> str:
    floor = HEIGHT - BOTTOM
    return (
        f'<path class="axis" fill="none" stroke="#9aa5b8" d="M{LEFT} {MARGIN} V{floor} H{WIDTH - MARGIN}"/>'
        f'<text x="{LEFT}" y="{floor + 15}">{escape(x_ends[0])}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{floor + 15}" text-anchor="end">{escape(x_ends[1])}</text>'
        f'<text x="{(LEFT + WIDTH - MARGIN) / 2}" y="{floor + 28}" text-anchor="middle">{escape(x_label)}</text>'
        f'<text x="{LEFT - 6}" y="{floor}" text-anchor="end">{escape(y_ends[0])}</text>'
        f'<text x="{LEFT - 6}" y="{MARGIN + 9}" text-anchor="end">{escape(y_ends[1])}</text>'
        f'<text transform="translate(14 {floor / 2 + 5}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>'
    )


def _svg(content: str, title: str) -> str:
    label = escape(title)
    head = f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" font-size="11" aria-label="{label}"'
    return f"<svg {head}><title>{label}</title>{content}</svg>"


def _short(value: float) -> str:
    return f"{value:.3g}"
