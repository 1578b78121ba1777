"""`make bench`: measures zkseal on fixed models, ezkl beside it, prints tables, writes JSON and a picture.

make bench                                  everything, about a quarter of an hour on two idle cores
make bench BENCH="--small"                  four models, few repetitions, no ezkl: for continuous integration
make bench BENCH="--no-large --no-ezkl"     what takes seconds each
make bench BENCH="--models lenet,dense --no-ezkl --repeat 9"
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

if not __package__:  # `python bench/run.py`
    sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from bench import peer, plot, tables
from bench.checks import MIN_THREAD_GAIN, check
from bench.fits import LIMIT, Fit, fit_line
from bench.machine import describe_machine, describe_software, slug
from bench.models import SUBJECTS
from bench.quoted import QUOTED
from bench.results import FORMAT, MissingFigure
from bench.stage import ROOT, StageFailed
from bench.subject import measure_zkseal
from bench.targets import TARGETS

MODELS = tuple(SUBJECTS)
SMALL = ("mlp_credit", "mlp_credit_64", "breast_cancer", "trees")
EZKL_MODELS = ("mlp_credit",)
"""breast_cancer is left out: it is the same kind of network, and its Scaler is no operator of ezkl's importer."""

_EZKL_REPEAT = {"fixed": 3, "hashed": 1}
"""A hashed proof takes a minute."""

_PORTABLE_REPEAT = 3
"""Proofs without vector instructions; of large models one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if everything was measured and every limit holds."""
    options = _options(arguments)
    machine, software = describe_machine(), describe_software()
    now = datetime.now(UTC)
    print(_heading(machine, options), flush=True)
    errors: dict[str, str] = {}
    zkseal = {}
    for model in options.models:
        if record := _measured(f"zkseal {model}", errors, partial(_zkseal, model, options)):
            zkseal[model] = record
    ezkl = {} if options.no_ezkl else _ezkl(options, errors)
    run: dict[str, Any] = {
        "format": FORMAT,
        "date": now.isoformat(timespec="seconds"),
        "machine": machine | {"load_after": os.getloadavg()[0]},
        "software": software,
        "settings": {"threads": options.threads, "repeat": options.repeat, "small": options.small},
        "zkseal": zkseal,
        "ezkl": ezkl,
        "quoted": [vars(quoted) for quoted in QUOTED],
        "errors": errors,
    }
    checks = _checks(zkseal, ezkl, errors)
    run["checks"] = [each.to_dict() for each in checks]
    run["targets"] = {model: vars(target) for model, target in TARGETS.items() if model in zkseal}
    path = options.json or _default_path(machine, now, options.small)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run, indent=1) + "\n")
    if zkseal:
        _print_tables(zkseal, ezkl, machine)
        plot.draw(path.with_suffix(".png"), _heading(machine, options), zkseal, ezkl)
    print("\n" + tables.check_table(checks))
    for what, error in errors.items():
        print(f"\nNOT MEASURED: {what}: {error}")
    print(f"\nwritten: {_shown(path)} and {_shown(path.with_suffix('.png'))}")
    # A small run shows that everything works; its times are no measurement.
    failed = any(each.failed and not (options.small and each.timed) for each in checks)
    return 1 if errors or not checks or failed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="four models, three repetitions, no ezkl")
    parser.add_argument("--models", help=f"of {','.join(MODELS)}; all if left out")
    parser.add_argument("--no-ezkl", action="store_true", help="leave ezkl out")
    parser.add_argument("--no-large", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--no-portable", action="store_true", help="do not prove again without vector instructions")
    parser.add_argument("--ezkl-lenet", action="store_true", help="run ezkl on lenet too: 5 minutes and 11 GB")
    parser.add_argument("--threads", type=int, help="threads of every prover; as many as there are cores if left out")
    parser.add_argument("--repeat", type=int, help="proofs that are counted, after one that is not (5)")
    parser.add_argument("--row-bits", type=int, help="row length of zkseal; chosen by its cost model if left out")
    parser.add_argument("--json", type=Path, help="where to write; bench/results/<date>-<machine>.json if left out")
    options = parser.parse_args(arguments)
    usual = SMALL if options.small else [m for m in MODELS if not (options.no_large and SUBJECTS[m].large)]
    options.models = tuple(options.models.split(",") if options.models else usual)
    unknown = [model for model in options.models if model not in MODELS]
    if unknown:
        parser.error(f"unknown models {', '.join(unknown)}; there are {', '.join(MODELS)}")
    options.no_ezkl |= options.small
    options.repeat = options.repeat or (3 if options.small else 5)
    options.threads = options.threads or len(os.sched_getaffinity(0))
    if options.repeat < 1 or options.threads < 1:
        parser.error("--repeat and --threads count from 1")
    return options


def _zkseal(model: str, options: argparse.Namespace) -> dict[str, Any]:
    portable = 1 if SUBJECTS[model].large else min(options.repeat, _PORTABLE_REPEAT)
    return measure_zkseal(
        model,
        threads=options.threads,
        repeat=options.repeat,
        rows=64 if options.small else None,
        row_bits=options.row_bits,
        portable=0 if options.no_portable else portable,
        one_thread=model in MIN_THREAD_GAIN and options.threads == 2,
    )


def _ezkl(options: argparse.Namespace, errors: dict[str, str]) -> dict[str, dict[str, Any]]:
    """ezkl by model and setting; a large model in its fastest setting only."""
    wanted = [(model, setting) for model in EZKL_MODELS if model in options.models for setting in peer.SETTINGS]
    if options.ezkl_lenet:
        wanted.append(("lenet", peer.SETTINGS[0]))
    measured: dict[str, dict[str, Any]] = {}
    for model, setting in wanted:
        repeat = _EZKL_REPEAT[setting.name] if model in EZKL_MODELS else 1
        measure = partial(peer.measure_ezkl, model, setting, threads=options.threads, repeat=repeat)
        if record := _measured(f"ezkl {setting.name} {model}", errors, measure):
            measured.setdefault(model, {})[setting.name] = record
    return measured


def _measured(what: str, errors: dict[str, str], measure: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """The record, or None and an entry in `errors`."""
    print(f"measuring {what}", file=sys.stderr, flush=True)
    try:
        return measure()
    except StageFailed as error:
        errors[what] = str(error)
        return None


def _checks(zkseal: Mapping[str, Any], ezkl: Mapping[str, Mapping[str, Any]], errors: dict[str, str]) -> list[Any]:
    try:
        return check(zkseal, ezkl)
    except MissingFigure as error:
        errors["limits"] = str(error)
        return []


def _print_tables(zkseal: Mapping[str, Any], ezkl: Mapping[str, Mapping[str, Any]], machine: Mapping[str, Any]) -> None:
    line = fit_line(zkseal)
    for table in tables.all_tables(zkseal, ezkl, line):
        print("\n" + table)
    print("\n" + tables.LEGEND)
    print(_line(line))
    for settings in ezkl.values():
        for name, record in settings.items():
            print(f"  ezkl {name}: {record['privacy']}")
        break
    print(f"  zkseal: {next(iter(zkseal.values()))['privacy']}")
    for quoted in QUOTED:
        if quoted.model in zkseal:
            print(f"  quoted, {quoted.model}, {quoted.peer}: {quoted.privacy}; {quoted.remark}")
    print(f"  load average before the run: {machine['load_before']:.2f}")


def _line(line: Fit) -> str:
    """What the plainest model of time says about this run."""
    a, b, c = line.constants.values()
    formula = f"  CPU time = {a:.1f} ms + {b:.0f} ns x lookups + {c:.1f} ns x weights"
    if len(line.points) <= len(line.constants):
        return f"{formula}: too few models to say how well"
    verdict = "within" if line.worst <= LIMIT else "NOT within"
    return f"{formula}: worst error {line.worst:.0%}, {verdict} {LIMIT:.0%}"


def _heading(machine: Mapping[str, Any], options: argparse.Namespace) -> str:
    vector = ", ".join(flag for flag in machine["flags"] if re.match("avx|adx|amx", flag))
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB; {options.threads} threads; "
        f"median of {options.repeat}\n{vector}"
    )


def _default_path(machine: dict[str, Any], now: datetime, small: bool) -> Path:
    folder = ROOT / "bench" / ("out" if small else "results")
    return folder / f"{now:%Y-%m-%d}-{slug(machine)}.json"


def _shown(path: Path) -> str:
    path = path.resolve()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
