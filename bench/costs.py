"""Fits the constants of `zkseal.proving.cost` to measurements: `make costs`, or `python -m bench.costs`.

Every subject is proved with several row lengths, by one thread, and CPU seconds are taken, the least of the
repetitions: that is what a shared machine tells most reliably. The fit is non-negative least squares on relative
errors. Prints how far each measurement is from its prediction, and the constants as they are to be written there;
changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bench.fits import LIMIT, Fit, fit_line, fit_memory, fit_proving, fit_setup_memory, fit_verifying
from bench.models import SUBJECTS
from bench.stage import ROOT, StageFailed
from bench.subject import PRIVACY, Measurement
from bench.tables import text_table

MODELS = tuple(name for name in SUBJECTS if name != "vgg")
"""VGG-16 is left out: on one thread it takes as long as all others."""

ROW_BITS = (8, 9, 10, 11, 12)
LARGE_ROW_BITS = (12, 13, 14)

FITS = {
    "proving": fit_proving,
    "verifying": fit_verifying,
    "memory of proving": fit_memory,
    "memory of setup": fit_setup_memory,
}


def main() -> int:
    """Measures and prints; returns 0."""
    parser = argparse.ArgumentParser(prog="bench.costs", description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--row-bits", help="of every model; if left out fewer of large ones")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "out" / "costs.json", help="measurements")
    parser.add_argument("--again", action="store_true", help="fit what --json holds, without measuring")
    options = parser.parse_args()
    records = json.loads(options.json.read_text()) if options.again else _measured(options)
    if not options.again:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(records))
    found = {what: make(records) for what, make in FITS.items()}
    for what, result in found.items():
        print(f"\n{_points(what, result)}")
    line = fit_line(records)
    print(f"\n{_points('a + b x lookups + c x weights', line)}")
    print("\n" + ", ".join(f"{name} = {value:.4g}" for name, value in line.constants.items()))
    print("\nsrc/zkseal/proving/cost.py:")
    for result in found.values():
        for name, value in result.constants.items():
            print(f"    {name}: float = {value:.3g}")
    for what, result in found.items():
        verdict = "" if result.worst <= LIMIT else f", MORE THAN {LIMIT:.0%}"
        print(f"{what}: error median {result.errors[len(result.errors) // 2]:.1%}, worst {result.worst:.1%}{verdict}")
    return 0


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    """Records by subject and row length. What a length is too short for is left out."""
    records: dict[str, Any] = {}
    for name in options.models.split(","):
        usual = LARGE_ROW_BITS if SUBJECTS[name].large else ROW_BITS
        lengths = usual if options.row_bits is None else map(int, options.row_bits.split(","))
        try:
            with Measurement(name, threads=1) as measurement:
                print(f"compiling {name}", file=sys.stderr, flush=True)
                compiled = measurement.compile(rows=8)
                for bits in lengths:
                    print(f"measuring {name}, rows of 2^{bits}", file=sys.stderr, flush=True)
                    record = _proved(measurement, bits, options.repeat)
                    if record is not None:
                        records[f"{name} 2^{bits}"] = {"privacy": PRIVACY, "compile": compiled, **record}
        except StageFailed as error:
            print(f"left out: {name}: {error}", file=sys.stderr, flush=True)
    return records


def _proved(measurement: Measurement, bits: int, repeat: int) -> dict[str, Any] | None:
    try:
        return {"setup": measurement.setup(bits), **measurement.proofs(repeat)}
    except StageFailed as error:  # Above all: a mask that does not fit so short a row.
        print(f"left out: {str(error).splitlines()[-1]}", file=sys.stderr, flush=True)
        return None


def _points(what: str, result: Fit) -> str:
    rows = [
        (name, f"{measured:.4g}", f"{predicted:.4g}", f"{predicted / measured - 1:+.0%}")
        for name, measured, predicted in result.points
    ]
    return text_table((what, "measured", "predicted", "error"), rows)


if __name__ == "__main__":
    sys.exit(main())
