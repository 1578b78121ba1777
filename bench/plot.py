"""The picture of a run: proving time beside peers, and where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.checks import ezkl_prove_s
from bench.quoted import QUOTED
from bench.results import Record, figure, phase_medians

# A measured bar is filled; a quoted one is an outline only.
_ZKSEAL, _EZKL = "#1f6f8b", {"fixed": "#e0a030", "hashed": "#c0504d"}


def draw(path: Path, title: str, zkseal: Mapping[str, Record], ezkl: Mapping[str, Mapping[str, Record]]) -> None:
    """Writes a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawing, (times, shares) = pyplot.subplots(1, 2, figsize=(13, 1.6 + 0.75 * len(zkseal)), layout="constrained")
    drawing.suptitle(title, fontsize=10)
    _draw_times(times, zkseal, ezkl)
    _draw_shares(shares, zkseal)
    drawing.savefig(path, dpi=120)
    pyplot.close(drawing)


def _draw_times(axes: Any, zkseal: Mapping[str, Record], ezkl: Mapping[str, Mapping[str, Record]]) -> None:
    bars: list[tuple[str, float, str, bool]] = []
    for model, record in zkseal.items():
        bars.append((f"{model}: zkseal", figure(record, "prove", "time", "wall_s"), _ZKSEAL, True))
        for setting, theirs in ezkl.get(model, {}).items():
            bars.append((f"ezkl, weights {setting}", ezkl_prove_s(theirs), _EZKL[setting], True))
        for quoted in QUOTED:
            if quoted.model == model and quoted.prove_s and not (model in ezkl and quoted.peer.startswith("ezkl")):
                bars.append((quoted.label, quoted.prove_s, "#808080", False))
    for place, (_, value, colour, measured) in enumerate(bars):
        axes.barh(place, value, color=colour if measured else "none", edgecolor=colour)
        axes.text(value * 1.1, place, f"{value:.3g} s", va="center", fontsize=8)
    axes.set_yticks(range(len(bars)), [label for label, *_ in bars], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(min(value for _, value, *_ in bars) / 4, max(value for _, value, *_ in bars) * 6)
    axes.set_xlabel("seconds to prove, log scale")


def _draw_shares(axes: Any, zkseal: Mapping[str, Record]) -> None:
    medians = {model: phase_medians(record) for model, record in zkseal.items()}
    phases = list(dict.fromkeys(phase for record in medians.values() for phase in record if phase != "done"))
    totals = {model: sum(record.get(phase, 0.0) for phase in phases) for model, record in medians.items()}
    left = dict.fromkeys(medians, 0.0)
    for phase in phases:
        widths = [record.get(phase, 0.0) / totals[model] for model, record in medians.items()]
        axes.barh(list(medians), widths, left=list(left.values()), label=phase)
        left = {model: start + width for (model, start), width in zip(left.items(), widths, strict=True)}
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of CPU time by phase")
    axes.legend(fontsize=8, ncols=len(phases), loc="lower center", bbox_to_anchor=(0.5, 1.0))
