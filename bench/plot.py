"""The picture of a run: proving time beside peers, and where it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.checks import ezkl_prove_s
from bench.quoted import QUOTED
from bench.results import Record, figure, phase_medians
from bench.targets import TARGETS

# A measured bar is filled; a quoted one is an outline only.
_ZKSEAL, _PORTABLE, _EZKL = "#1f6f8b", "#9cc5d3", {"fixed": "#e0a030", "hashed": "#c0504d"}

PHASE_COLOURS = {
    "execute": "#999999",
    "witness": "#e69f00",
    "commit": "#56b4e9",
    "lookups": "#0072b2",
    "products": "#009e73",
    "linear": "#d55e00",
    "opening": "#cc79a7",
}
"""Colours that colour-blind readers tell apart (Okabe and Ito), in the order of proving."""


def draw(path: Path, title: str, zkseal: Mapping[str, Record], ezkl: Mapping[str, Mapping[str, Record]]) -> None:
    """Writes a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    bars = _bars(zkseal, ezkl)
    height = 1.6 + max(0.21 * len(bars), 0.4 * len(zkseal))
    drawing, (times, shares) = pyplot.subplots(1, 2, figsize=(13, height), layout="constrained")
    drawing.suptitle(title, fontsize=10)
    _draw_times(times, bars)
    draw_shares(shares, zkseal)
    drawing.savefig(path, dpi=120)
    pyplot.close(drawing)


@dataclass(frozen=True)
class _Bar:
    """Seconds of one prover; `target` is what it aims at, `measured` whether it was run here."""

    label: str
    seconds: float
    colour: str
    measured: bool = True
    target: float | None = None


def _bars(zkseal: Mapping[str, Record], ezkl: Mapping[str, Mapping[str, Record]]) -> list[_Bar]:
    bars: list[_Bar] = []
    for model, record in zkseal.items():
        target = TARGETS[model].prove_s if model in TARGETS else None
        bars.append(_Bar(f"{model}: zkseal", figure(record, "prove", "time", "wall_s"), _ZKSEAL, target=target))
        if "portable" in record:
            wall = figure(record["portable"], "prove", "time", "wall_s")
            bars.append(_Bar("zkseal, no vector instructions", wall, _PORTABLE))
        for setting, theirs in ezkl.get(model, {}).items():
            bars.append(_Bar(f"ezkl, weights {setting}", ezkl_prove_s(theirs), _EZKL[setting]))
        for quoted in QUOTED:
            if quoted.model == model and quoted.prove_s and not (model in ezkl and quoted.peer.startswith("ezkl")):
                bars.append(_Bar(quoted.label, quoted.prove_s, "#808080", measured=False))
    return bars


def _draw_times(axes: Any, bars: Sequence[_Bar]) -> None:
    for place, bar in enumerate(bars):
        axes.barh(place, bar.seconds, color=bar.colour if bar.measured else "none", edgecolor=bar.colour)
        axes.text(bar.seconds * 1.1, place, f"{bar.seconds:.3g} s", va="center", fontsize=8)
        if bar.target is not None:
            axes.plot([bar.target] * 2, [place - 0.45, place + 0.45], color="black", linewidth=2)
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars], fontsize=8)
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(min(bar.seconds for bar in bars) / 4, max(bar.seconds for bar in bars) * 6)
    axes.set_xlabel("seconds to prove, log scale; black: target")


def draw_shares(axes: Any, zkseal: Mapping[str, Record]) -> None:
    """One bar for each model, divided like the CPU time of its proof."""
    medians = {model: phase_medians(record) for model, record in zkseal.items()}
    phases = list(dict.fromkeys(phase for record in medians.values() for phase in record if phase != "done"))
    totals = {model: sum(record.get(phase, 0.0) for phase in phases) for model, record in medians.items()}
    left = dict.fromkeys(medians, 0.0)
    for phase in phases:
        widths = [record.get(phase, 0.0) / totals[model] for model, record in medians.items()]
        axes.barh(list(medians), widths, left=list(left.values()), label=phase, color=PHASE_COLOURS.get(phase))
        left = {model: start + width for (model, start), width in zip(left.items(), widths, strict=True)}
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of CPU time by phase")
    axes.legend(fontsize=8, ncols=len(phases), loc="lower center", bbox_to_anchor=(0.5, 1.0))
