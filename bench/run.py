"""`make bench`: measures zkseal on fixed models, ezkl beside it, prints tables, writes JSON and a picture.

make bench                                  everything, about five minutes on two idle cores
make bench BENCH="--small"                  two models, few repetitions, no ezkl: for continuous integration
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
from bench.checks import check
from bench.machine import describe_machine, describe_software, slug
from bench.quoted import QUOTED
from bench.results import FORMAT, MissingFigure
from bench.stage import ROOT, StageFailed
from bench.subject import measure_zkseal

MODELS = ("mlp_credit", "breast_cancer", "digits", "lenet", "dense", "cifar")
SMALL = ("mlp_credit", "breast_cancer")
EZKL_MODELS = ("mlp_credit",)
"""breast_cancer is left out: it is the same kind of network, and its Scaler is no operator of ezkl's importer."""

_EZKL_REPEAT = {"fixed": 3, "hashed": 1}
"""A hashed proof takes a minute."""


_LEGEND = """\
prove: median of wall times after one proof that is not counted (`first`), from input to receipt, key loaded; for ezkl
  the time that it logs for the proof alone. call: the whole call; ezkl's reads its key. CPU: of prove, all threads.
  peak: of the proving process; added: by proving, beyond key and libraries. ratio: prove to zkseal's;
  by CPU: CPU to zkseal's.
  * = threads waited for a core: the machine was busy, or its cores fewer than all thread pools together.
  Peers marked (quoted) were not run here."""


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
    return 0 if not errors and checks and all(each.holds for each in checks) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="two models, three repetitions, no ezkl")
    parser.add_argument("--models", help=f"of {','.join(MODELS)}; all if left out")
    parser.add_argument("--no-ezkl", action="store_true", help="leave ezkl out")
    parser.add_argument("--ezkl-lenet", action="store_true", help="run ezkl on lenet too: 5 minutes and 11 GB")
    parser.add_argument("--threads", type=int, help="threads of every prover; as many as there are cores if left out")
    parser.add_argument("--repeat", type=int, help="proofs that are counted, after one that is not (5)")
    parser.add_argument("--row-bits", type=int, help="row length of zkseal; chosen by its cost model if left out")
    parser.add_argument("--json", type=Path, help="where to write; bench/results/<date>-<machine>.json if left out")
    options = parser.parse_args(arguments)
    options.models = tuple((options.models or ",".join(SMALL if options.small else MODELS)).split(","))
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
    return measure_zkseal(
        model,
        threads=options.threads,
        repeat=options.repeat,
        rows=64 if options.small else None,
        row_bits=options.row_bits,
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
    print("\n" + tables.own_table(zkseal))
    print("\n" + tables.phase_table(zkseal))
    print("\n" + tables.peer_table(zkseal, ezkl))
    print("\n" + _LEGEND)
    for settings in ezkl.values():
        for name, record in settings.items():
            print(f"  ezkl {name}: {record['privacy']}")
        break
    print(f"  zkseal: {next(iter(zkseal.values()))['privacy']}")
    for quoted in QUOTED:
        if quoted.model in zkseal:
            print(f"  quoted, {quoted.model}, {quoted.peer}: {quoted.privacy}; {quoted.remark}")
    print(f"  load average before the run: {machine['load_before']:.2f}")


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
