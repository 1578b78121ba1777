"""The tables of a run, as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.checks import Check, ezkl_prove_s
from bench.fits import Fit
from bench.quoted import QUOTED
from bench.results import Record, busy, figure, least, phase_medians
from bench.targets import LOOKUPS, TARGETS, WEIGHTS, added_per_lookup, key_ratio, misses

LEGEND = """\
prove: median of wall times after one proof that is not counted (`first`), from input to receipt, key loaded; for ezkl
  the time that it logs for the proof alone. call: the whole call; ezkl's reads its key. CPU: of prove, all threads.
  portable: the same without vector instructions. load: from the proving key's file to a key that proves.
  key/weights: bytes of that file over those of the weights, each in the narrowest type of its tensor.
  peak: of the proving process; added: by proving, beyond key and libraries; per lookup: added over lookups.
  predicted: by `zkseal inspect`, before proving; line: a + b x lookups + c x weights, fitted to the times here.
  ratio: prove to zkseal's; by CPU: CPU to zkseal's.
  * = threads waited for a core: the machine was busy, or its cores fewer than all thread pools together.
  Peers marked (quoted) were not run here. Targets are goals: missing one is no failure."""


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
    """Times, sizes and accuracy: one row for each model. Raises `MissingFigure`."""
    header = (
        "zkseal", "weights", "lookups", "compile", "setup", "prove", "portable", "least", "CPU", "first", "verify",
        "portable", "proof", "agree", "error",
    )  # fmt: skip
    rows = [
        (
            model,
            f"{figure(record, *WEIGHTS, zero=True):,.0f}",
            f"{figure(record, *LOOKUPS):,.0f}",
            seconds(figure(record, "compile", "time", "wall_s")),
            seconds(figure(record, "setup", "time", "wall_s")),
            _wall(record, "prove"),
            _portable(record, "prove"),
            seconds(least(record, "prove", "time", "wall_s")),
            seconds(figure(record, "prove", "time", "cpu_s")),
            seconds(figure(record, "prove", "first", "wall_s")),
            _wall(record, "verify"),
            _portable(record, "verify"),
            size(figure(record, "prove", "proof_bytes")),
            f"{figure(record, 'compile', 'accuracy', 'agreement', zero=True):.2%}",
            f"{figure(record, 'compile', 'accuracy', 'mean_relative_error', zero=True):.3%}",
        )
        for model, record in zkseal.items()
    ]
    return text_table(header, rows)


def memory_table(zkseal: Mapping[str, Record]) -> str:
    """Keys and memory. Raises `MissingFigure`."""
    header = ("keys and memory", "vkey", "pkey", "key/weights", "load", "peak", "added", "per lookup")
    rows = [
        (
            model,
            size(figure(record, "setup", "verifying_key_bytes")),
            size(figure(record, "setup", "proving_key_bytes")),
            f"{key_ratio(record):.2f}",
            seconds(figure(record, "prove", "load", "wall_s")),
            size(figure(record, "prove", "memory", "peak_rss_bytes")),
            size(figure(record, "prove", "memory", "added_bytes", zero=True)),
            f"{added_per_lookup(record):,.0f} B",
        )
        for model, record in zkseal.items()
    ]
    return text_table(header, rows)


def target_table(zkseal: Mapping[str, Record]) -> str:
    """What issue 5 aims at beside what was measured. Raises `MissingFigure`."""
    header = ("target", "what", "prove", "target", "portable", "verify", "target", "proof", "target", "missed")
    rows = []
    for model, record in zkseal.items():
        if model not in TARGETS:
            continue
        target = TARGETS[model]
        rows.append(
            (
                model,
                str(record["title"]),
                _wall(record, "prove"),
                seconds(target.prove_s),
                _portable(record, "prove"),
                _wall(record, "verify"),
                seconds(target.verify_s),
                size(figure(record, "prove", "proof_bytes")),
                size(target.proof_bytes),
                ", ".join(misses(model, record)) or "met",
            )
        )
    return text_table(header, rows)


def cost_table(zkseal: Mapping[str, Record], line: Fit) -> str:
    """Proving times as predicted before the proof, and by the line that is fitted to this run.

    Raises:
        MissingFigure
    """
    header = ("predicted", "prove", "predicted", "error", "line", "error")
    fitted = {name: predicted for name, _, predicted in line.points}
    rows = []
    for model, record in zkseal.items():
        wall = figure(record, "prove", "time", "wall_s")
        predicted = figure(record, "setup", "predicted", "prove_ms") / 1e3
        cells = [_wall(record, "prove"), seconds(predicted), _error(predicted, wall)]
        if model in fitted:
            line_cells = [seconds(fitted[model]), _error(fitted[model], wall)]
        else:
            line_cells = ["", ""]
        rows.append((model, *cells, *line_cells))
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
        f"{figure(measured, 'agreement', zero=True):.1%}",
        f"{figure(measured, 'mean_relative_error', zero=True):.3%}",
    )


def check_table(checks: Iterable[Check]) -> str:
    """Which limits hold."""
    return text_table(
        ("limit", "model", "figure", ""), ((each.limit, each.model, each.figure, each.verdict) for each in checks)
    )


def all_tables(zkseal: Mapping[str, Record], ezkl: Mapping[str, Mapping[str, Record]], line: Fit) -> Iterator[str]:
    """Every table but that of the limits. Raises `MissingFigure`."""
    yield own_table(zkseal)
    yield memory_table(zkseal)
    yield phase_table(zkseal)
    yield cost_table(zkseal, line)
    if any(model in TARGETS for model in zkseal):
        yield target_table(zkseal)
    if any(quoted.model in zkseal for quoted in QUOTED) or any(model in zkseal for model in ezkl):
        yield peer_table(zkseal, ezkl)


def _wall(record: Record, stage: str) -> str:
    return seconds(figure(record, stage, "time", "wall_s")) + ("*" if busy(record, stage, "time") else "")


def _portable(record: Record, stage: str) -> str:
    return _wall(record["portable"], stage) if "portable" in record else "not run"


def _error(predicted: float, measured: float) -> str:
    return f"{predicted / measured - 1:+.0%}"


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
