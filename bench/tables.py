"""The tables of a run, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.checks import Check, ezkl_prove_s
from bench.quoted import QUOTED
from bench.results import Record, contention, figure, least, phase_medians

BUSY = 0.2
"""Time that threads waited for a core, over CPU time, above which wall times are marked."""


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their contents; the first is flush left, the others flush right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    rule = ["-" * width for width in widths]
    shown = [lines[0], rule, *lines[1:]]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in shown
    )


def own_table(zkseal: Mapping[str, Record]) -> str:
    """One row for each model. Raises `MissingFigure`."""
    header = (
        "zkseal", "weights", "lookups", "compile", "setup", "vkey", "pkey", "prove", "least", "CPU", "first", "verify",
        "proof", "peak", "added", "agree", "error",
    )  # fmt: skip
    rows = [
        (
            model,
            f"{figure(record, 'compile', 'sizes', 'committed', 'model'):,.0f}",
            f"{figure(record, 'compile', 'sizes', 'lookups'):,.0f}",
            seconds(figure(record, "compile", "time", "wall_s")),
            seconds(figure(record, "setup", "time", "wall_s")),
            size(figure(record, "setup", "verifying_key_bytes")),
            size(figure(record, "setup", "proving_key_bytes")),
            seconds(figure(record, "prove", "time", "wall_s"))
            + ("*" if contention(record, "prove", "time") > BUSY else ""),
            seconds(least(record, "prove", "time", "wall_s")),
            seconds(figure(record, "prove", "time", "cpu_s")),
            seconds(figure(record, "prove", "first", "wall_s")),
            seconds(figure(record, "verify", "time", "wall_s")),
            size(figure(record, "prove", "proof_bytes")),
            size(figure(record, "prove", "memory", "peak_rss_bytes")),
            size(figure(record, "prove", "memory", "added_bytes", zero=True)),
            f"{figure(record, 'compile', 'accuracy', 'agreement'):.2%}",
            f"{figure(record, 'compile', 'accuracy', 'mean_relative_error', zero=True):.3%}",
        )
        for model, record in zkseal.items()
    ]
    return text_table(header, rows)


def phase_table(zkseal: Mapping[str, Record]) -> str:
    """CPU milliseconds of each phase of proving, medians."""
    medians = {model: phase_medians(record) for model, record in zkseal.items()}
    phases = list(dict.fromkeys(phase for record in medians.values() for phase in record if phase != "done"))
    header = ("CPU ms by phase", *phases, "total", "cores used")
    rows = []
    for model, record in medians.items():
        shown = [f"{record.get(phase, 0.0) * 1e3:.1f}" for phase in phases]
        total = figure(zkseal[model], "prove", "time", "cpu_s")
        used = total / figure(zkseal[model], "prove", "time", "wall_s")
        rows.append((model, *shown, f"{total * 1e3:.1f}", f"{used:.2f}"))
    return text_table(header, rows)


def peer_table(zkseal: Mapping[str, Record], ezkl: Mapping[str, Mapping[str, Record]]) -> str:
    """ezkl as measured in this run, ours above it, and what is quoted."""
    header = (
        "model",
        "prover",
        "prove",
        "call",
        "CPU",
        "verify",
        "proof",
        "peak",
        "pkey",
        "setup",
        "agree",
        "error",
        "ratio",
        "by CPU",
    )
    rows: list[Sequence[str]] = []
    for model in zkseal:
        if model not in ezkl and not any(quoted.model == model for quoted in QUOTED):
            continue
        ours, cpu = (figure(zkseal[model], "prove", "time", unit) for unit in ("wall_s", "cpu_s"))
        rows.append((model, "zkseal", seconds(ours), *_figures(zkseal[model], "compile"), "1", "1"))
        for setting, record in ezkl.get(model, {}).items():
            theirs = ezkl_prove_s(record)
            cells = _figures(record)
            ratios = [theirs / ours, figure(record, "prove", "time", "cpu_s") / cpu]
            rows.append((model, f"ezkl {setting}", seconds(theirs), *cells, *(f"{ratio:.0f}" for ratio in ratios)))
        for quoted in QUOTED:
            if quoted.model == model and not (model in ezkl and quoted.peer.startswith("ezkl")):
                shown = "-" if quoted.prove_s is None else seconds(quoted.prove_s)
                rows.append((model, quoted.label, shown, *[""] * 11))
    return text_table(header, rows)


def _figures(record: Record, accuracy: str | None = None) -> tuple[str, ...]:
    measured: Any = record["accuracy"] if accuracy is None else record[accuracy]["accuracy"]
    return (
        seconds(figure(record, "prove", "time", "wall_s")),
        seconds(figure(record, "prove", "time", "cpu_s")),
        seconds(figure(record, "verify", "time", "wall_s")),
        size(figure(record, "prove", "proof_bytes")),
        size(figure(record, "prove", "memory", "peak_rss_bytes")),
        size(figure(record, "setup", "proving_key_bytes")),
        seconds(figure(record, "setup", "time", "wall_s")),
        f"{figure(measured, 'agreement'):.1%}",
        f"{figure(measured, 'mean_relative_error', zero=True):.3%}",
    )


def check_table(checks: Iterable[Check]) -> str:
    """Which limits hold."""
    return text_table(
        ("limit", "model", "figure", ""),
        ((each.limit, each.model, each.figure, "ok" if each.holds else "FAILED") for each in checks),
    )


def seconds(value: float) -> str:
    """A duration in the unit that suits it, three digits."""
    if value < 1:
        return f"{value * 1e3:.1f} ms" if value < 0.1 else f"{value * 1e3:.0f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def size(value: float) -> str:
    """Bytes in decimal units, three digits."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value:.0f} B"
