"""`make scaling`: how proofs grow with activations, weights, depth and threads. Prints tables, writes JSON, draws.

make scaling                                  everything: two minutes on two idle cores
make scaling SCALING="--small"                two models a family, written to bench/out/: half a minute
make scaling SCALING="--again FILE"           tables and pictures of what was measured before, from its JSON

Families of synthetic models (bench/families.py) are proved with one thread, of which CPU time is taken, the least of
the repetitions: that is what a shared machine tells most reliably. Threads are about wall time. A second picture shows
where the time of the models of the last `make bench` went.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.families import FAMILIES, Point
from bench.growth import all_tables, draw_growth, draw_phases
from bench.machine import describe_machine, describe_software, slug
from bench.models import SUBJECTS
from bench.stage import ROOT, StageFailed
from bench.subject import PRIVACY, Measurement, measure_zkseal

FORMAT = "zkseal scaling v1"

THREADS = 1
"""Of the families."""

ROWS = 4
"""Held-out rows for the accuracy, which is of no interest here."""

THREAD_MODEL, SMALL_THREAD_MODEL = "nanogpt", "mlp_credit"

LEGEND = """\
families: CPU ms of one thread; threads: wall ms; the least of the repetitions. tables: rows of lookup tables.
  row: integers that share a commitment, chosen by the cost model. added: memory, beyond key and libraries.
  * = threads waited for a core: the machine was busy."""

_RESULTS = ROOT / "bench" / "results"
_OUT = ROOT / "bench" / "out"
_PICTURES = ROOT / "docs" / "performance"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if everything was measured."""
    options = _options(arguments)
    if options.again:
        run: dict[str, Any] = json.loads(options.again.read_text())
        if run.get("format") != FORMAT:
            raise SystemExit(f"{options.again} is not of format '{FORMAT}'")
    else:
        run = measure(small=options.small, repeat=options.repeat)
        path = options.json or default_path(run)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(run, indent=1) + "\n")
        print(f"written: {path}", file=sys.stderr)
    for table in all_tables(run):
        print(f"\n{table}")
    print("\n" + LEGEND)
    for picture in pictures(run, options.pictures or (_OUT if run["settings"]["small"] else _PICTURES)):
        print(f"written: {picture}", file=sys.stderr)
    for what, error in run["errors"].items():
        print(f"\nNOT MEASURED: {what}: {error}")
    return 1 if run["errors"] else 0


def measure(*, small: bool, repeat: int) -> dict[str, Any]:
    """The whole run, JSON-ready. What fails is left out, and named in `errors`."""
    machine, software = describe_machine(), describe_software()
    errors: dict[str, str] = {}
    families = {
        family.name: [
            record
            for point in family.chosen(small)
            if (record := _measured(point.subject.name, errors, partial(_point, point, repeat)))
        ]
        for family in FAMILIES
    }
    model = SMALL_THREAD_MODEL if small else THREAD_MODEL
    threads = _measured(f"threads of {model}", errors, partial(_threads, model, repeat))
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine | {"load_after": os.getloadavg()[0]},
        "software": software,
        "settings": {"threads": THREADS, "repeat": repeat, "small": small, "privacy": PRIVACY},
        "families": families,
        "threads": threads,
        "errors": errors,
    }


def thread_counts(cores: int) -> list[int]:
    """1, 2, 4, .. and all cores."""
    return sorted({1 << power for power in range(cores.bit_length())} | {cores})


def default_path(run: dict[str, Any]) -> Path:
    """Where the figures of a run are written."""
    folder = _OUT if run["settings"]["small"] else _RESULTS
    return folder / f"scaling-{run['date'][:10]}-{slug(run['machine'])}.json"


def last_bench(folder: Path = _RESULTS) -> tuple[str, dict[str, Any]] | None:
    """Date and records of the newest run of `make bench` in a folder, None where there is none."""
    runs = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    runs = [run for run in runs if run.get("format", "").startswith("zkseal bench ") and run["zkseal"]]
    newest = max(runs, key=lambda run: str(run["date"]), default=None)
    return None if newest is None else (newest["date"][:10], newest["zkseal"])


def pictures(run: dict[str, Any], folder: Path) -> list[Path]:
    """Draws into a folder; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "growth.png"]
    machine, settings = run["machine"], run["settings"]
    title = f"{machine['cpu']}, {machine['cores']} cores; {settings['privacy']}; least of {settings['repeat']}"
    draw_growth(written[0], f"{title}; {run['date'][:10]}", run)
    if bench := last_bench():
        date, zkseal = bench
        written.append(folder / "phases.png")
        draw_phases(written[1], f"where the time of a proof goes; right: CPU time of all of it; {date}", zkseal)
    return written


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.scaling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="two models a family, two repetitions")
    parser.add_argument("--repeat", type=int, help="proofs that are counted, after one that is not (5)")
    parser.add_argument("--json", type=Path, help="where to write; bench/results/scaling-<date>-<machine>.json")
    parser.add_argument("--again", type=Path, metavar="FILE", help="tables and pictures of what was measured before")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="docs/performance if left out")
    options = parser.parse_args(arguments)
    options.repeat = (2 if options.small else 5) if options.repeat is None else options.repeat
    if options.repeat < 1:
        parser.error("--repeat counts from 1")
    return options


def _point(point: Point, repeat: int) -> dict[str, Any]:
    shape = {key: getattr(point, key) for key in ("at", "activations", "weights", "layers")}
    return shape | measure_zkseal(point.subject.name, threads=THREADS, repeat=repeat, rows=ROWS)


def _threads(model: str, repeat: int) -> dict[str, Any]:
    counts = thread_counts(len(os.sched_getaffinity(0)))
    with Measurement(model, threads=counts[-1]) as measurement:
        measurement.compile(ROWS)
        measurement.setup()
        proofs = {str(count): measurement.proofs(repeat, threads=count) for count in counts}
    return {"model": model, "title": SUBJECTS[model].title, "proofs": proofs}


def _measured(what: str, errors: dict[str, str], run: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """The record, or None and an entry in `errors`."""
    print(f"measuring {what}", file=sys.stderr, flush=True)
    try:
        return run()
    except StageFailed as error:
        errors[what] = str(error)
        return None


if __name__ == "__main__":
    sys.exit(main())
