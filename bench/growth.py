"""What `bench.scaling` measured, as tables and as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.families import FAMILIES, Family
from bench.plot import PHASE_COLOURS, draw_shares
from bench.results import Record, busy, figure, least, phase_least
from bench.tables import seconds, size, text_table

_MARKERS = dict(zip(PHASE_COLOURS, "xv^osDP", strict=True))

Run = Mapping[str, Any]


def all_tables(run: Run) -> Iterator[str]:
    """A table for each family that was measured, and that of threads. Raises `MissingFigure`."""
    for family in FAMILIES:
        if points := run["families"].get(family.name):
            yield growth_table(family, points)
    if run["threads"]:
        yield thread_table(run["threads"])


def growth_table(family: Family, points: Sequence[Record]) -> str:
    """CPU milliseconds of each phase, verification, sizes: one row for each model. Raises `MissingFigure`."""
    header = (
        family.name, "activations", "weights", "layers", "lookups", "tables", "row", "prove", *PHASE_COLOURS, "verify",
        "proof", "added",
    )  # fmt: skip
    rows = []
    for point in points:
        phases = phase_least(point)
        rows.append(
            (
                str(point["title"]),
                f"{point['activations']:,}",
                f"{point['weights']:,}",
                str(point["layers"]),
                *(f"{figure(point, 'compile', 'sizes', count):,.0f}" for count in ("lookups", "table_rows")),
                f"2^{figure(point, 'setup', 'layout', 'row_bits'):.0f}",
                _ms(least(point, "prove", "time", "cpu_s")),
                *(_ms(phases.get(phase, 0.0)) for phase in PHASE_COLOURS),
                _ms(least(point, "verify", "time", "cpu_s")),
                size(figure(point, "prove", "proof_bytes")),
                size(figure(point, "prove", "memory", "added_bytes", zero=True)),
            )
        )
    return text_table(header, rows)


def thread_table(threads: Run) -> str:
    """Wall milliseconds of each phase by number of threads. Raises `MissingFigure`."""
    header = (f"threads, {threads['model']}", "prove", "gain", "CPU", *PHASE_COLOURS, "verify", "added")
    rows = []
    for count, gain, record in _by_threads(threads):
        phases = phase_least(record, "wall_s")
        rows.append(
            (
                count,
                seconds(least(record, "prove", "time", "wall_s")),
                gain,
                seconds(least(record, "prove", "time", "cpu_s")),
                *(_ms(phases.get(phase, 0.0)) for phase in PHASE_COLOURS),
                _ms(least(record, "verify", "time", "wall_s")),
                size(figure(record, "prove", "memory", "added_bytes", zero=True)),
            )
        )
    return text_table(header, rows)


def draw_growth(path: Path, title: str, run: Run) -> None:
    """Writes a PNG with a panel for each family and one for threads."""
    pyplot = _pyplot()
    drawing, panels = pyplot.subplots(2, 2, figsize=(11, 8), layout="constrained")
    drawing.suptitle(title, fontsize=10)
    for family, axes in zip(FAMILIES, panels.flat, strict=False):
        axes.set_title(f"{family.name}: {family.title}", fontsize=10)
        if points := run["families"].get(family.name):
            (_draw_bars if family.name == "depth" else _draw_lines)(axes, family, points)
    axes = panels.flat[-1]
    if run["threads"]:
        axes.set_title(f"threads: {run['threads']['model']}", fontsize=10)
        _draw_threads(axes, run["threads"])
    handles = {label: handle for each in panels.flat for handle, label in zip(*_legend(each), strict=True)}
    drawing.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, fontsize=9)
    drawing.savefig(path, dpi=110, facecolor="white")
    pyplot.close(drawing)


def draw_phases(path: Path, title: str, zkseal: Mapping[str, Record]) -> None:
    """Writes a PNG: where the CPU time of each model of a run of `make bench` goes."""
    pyplot = _pyplot()
    drawing, axes = pyplot.subplots(figsize=(9, 1.4 + 0.32 * len(zkseal)), layout="constrained")
    drawing.suptitle(title, fontsize=10)
    draw_shares(axes, zkseal)
    for place, record in enumerate(zkseal.values()):
        axes.text(1.01, place, seconds(figure(record, "prove", "time", "cpu_s")), va="center", fontsize=8)
    drawing.savefig(path, dpi=110, facecolor="white")
    pyplot.close(drawing)


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _draw_lines(axes: Any, family: Family, points: Sequence[Record]) -> None:
    at = [point["at"] for point in points]
    phases = [phase_least(point) for point in points]
    for phase, colour in PHASE_COLOURS.items():
        values = [1e3 * each.get(phase, 0.0) for each in phases]
        axes.plot(at, values, color=colour, marker=_MARKERS[phase], markersize=5, label=phase)
    for stage, style in (("prove", "-"), ("verify", "--")):
        values = [1e3 * least(point, stage, "time", "cpu_s") for point in points]
        axes.plot(at, values, color="black", linestyle=style, linewidth=2, label=f"{stage}, all of it")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(f"{family.axis}, log scale")
    axes.set_ylabel("CPU ms, one thread, log scale")
    axes.grid(color="#dddddd")


def _draw_bars(axes: Any, family: Family, points: Sequence[Record]) -> None:
    labels = [str(point["at"]) for point in points]
    notes = [size(figure(point, "prove", "proof_bytes")) for point in points]
    _stack(axes, labels, [phase_least(point) for point in points], notes)
    axes.set_xlabel(f"{family.axis}; above: bytes of the proof")
    axes.set_ylabel("CPU ms, one thread")


def _draw_threads(axes: Any, threads: Run) -> None:
    measured = list(_by_threads(threads))
    phases = [phase_least(record, "wall_s") for _, _, record in measured]
    _stack(axes, [count for count, _, _ in measured], phases, [f"{gain} times" for _, gain, _ in measured])
    axes.set_xlabel(
        "threads; above: how much faster than one"
        + ("; *: the machine was busy" if any("*" in gain for _, gain, _ in measured) else "")
    )
    axes.set_ylabel("wall ms")


def _stack(axes: Any, labels: Sequence[str], phases: Sequence[Mapping[str, float]], notes: Sequence[str]) -> None:
    """Bars of milliseconds, divided by phase, with a note above each."""
    tops = [0.0] * len(labels)
    for phase, colour in PHASE_COLOURS.items():
        heights = [1e3 * each.get(phase, 0.0) for each in phases]
        axes.bar(labels, heights, 0.7, bottom=tops, color=colour, label=phase)
        tops = [top + height for top, height in zip(tops, heights, strict=True)]
    for place, (top, note) in enumerate(zip(tops, notes, strict=True)):
        axes.annotate(note, (place, top), (0, 3), textcoords="offset points", ha="center", fontsize=8)
    axes.set_ylim(0, 1.1 * max(tops))


def _by_threads(threads: Run) -> Iterator[tuple[str, str, Record]]:
    """Number of threads, how many times as fast as the first, marked where threads had no core, and the record."""
    first: float | None = None
    for count, record in threads["proofs"].items():
        wall = least(record, "prove", "time", "wall_s")
        first = wall if first is None else first
        yield count, f"{first / wall:.2f}" + ("*" if busy(record, "prove", "time") else ""), record


def _legend(axes: Any) -> Any:
    return axes.get_legend_handles_labels()


def _ms(value: float) -> str:
    return f"{value * 1e3:.1f}"
