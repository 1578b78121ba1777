"""Fits the constants of `zkseal.proving.cost` to measurements: `python -m bench.costs`.

Every model is proved with several row lengths, by one thread, and CPU seconds are taken, the least of the repetitions:
that is what a shared machine tells most reliably. The fit is non-negative least squares on relative errors. Prints the
constants and how far each measurement is from its prediction; changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.results import Record, figure, least
from bench.run import MODELS
from bench.stage import StageFailed
from bench.subject import measure_zkseal
from bench.tables import text_table

ROW_BITS = (8, 9, 10, 11, 12)


@dataclass(frozen=True)
class Fit:
    """Constants by name, and for each measurement its name, what was measured and what the constants predict."""

    constants: dict[str, float]
    points: tuple[tuple[str, float, float], ...]

    @property
    def worst(self) -> float:
        """The largest relative error."""
        return max(abs(predicted / measured - 1) for _, measured, predicted in self.points)


PHASES: Mapping[str, tuple[str, ...]] = {
    "commit": ("commit_ns_per_value",),
    "lookups": ("leaf_ns",),
    "products": ("slot_ns",),
    "linear": ("fold_ns_per_value", "full_scalar_ns"),
}
"""Groups of phases and the constants that their times tell; without groups, counts that always grow together would
share their cost at random."""

_GROUP = {"commit": "commit", "witness": "lookups", "lookups": "lookups", "products": "products"}
"""Phases of proving that belong to a group; the others (execute, linear, opening) belong to `linear`."""


def prove_counts(record: Record) -> dict[str, float]:
    """What proving is linear in, by the constant of `Costs` that it is multiplied with."""
    sizes, layout = record["compile"]["sizes"], record["setup"]["layout"]
    committed = sizes["committed"]
    row = 1 << layout["row_bits"]
    return {
        "commit_ns_per_value": (committed["input"] + committed["output"] + committed["witness"]) / 1e9,
        "leaf_ns": (sizes["lookups"] + sizes["table_rows"]) / 1e9,
        "slot_ns": sizes["product_slots"] / 1e9,
        "fold_ns_per_value": sum(committed.values()) / 1e9,
        "full_scalar_ns": (layout["mask_length"] + 6 * row) / 1e9,
    }


def verify_counts(record: Record) -> dict[str, float]:
    """What verifying is linear in; the rows of a proof, unlike those of the key, have yet to be decoded."""
    layout = record["setup"]["layout"]
    rows = layout["rows"]
    return {
        "verify_point_ns": ((1 << layout["row_bits"]) + sum(rows.values()) + 2 * layout["row_bits"]) / 1e9,
        "verify_fresh_row_ns": (rows["input"] + rows["output"] + rows["witness"]) / 1e9,
        "verify_fixed_ms": 1e-3,
    }


def memory_counts(record: Record) -> dict[str, float]:
    """What the peak memory of the proving process is linear in."""
    sizes = record["compile"]["sizes"]
    return {
        "bytes_per_lookup": sizes["lookups"],
        "bytes_per_table_row": sizes["table_rows"],
        "bytes_per_value": sum(sizes["committed"].values()),
        "bytes_per_constraint": sizes["constraints"],
        "bytes_fixed": 1.0,
    }


def fit_proving(records: Mapping[str, Record]) -> Fit:
    """Constants of proving, each from the phases that it is about; errors are those of the sum."""
    counts = {name: prove_counts(record) for name, record in records.items()}
    measured = {name: least(record, "prove", "time", "cpu_s") for name, record in records.items()}
    groups = {name: _by_group(record) for name, record in records.items()}
    constants = {"prove_fixed_ms": 0.0}
    for group, own in PHASES.items():
        columns = [{constant: counts[name][constant] for constant in own} | {"fixed": 1e-3} for name in records]
        # What is small beside the whole proof need not be met as closely as what is not.
        tolerances = [groups[name][group] + 0.1 * measured[name] for name in records]
        part = fit(list(records), columns, [groups[name][group] for name in records], tolerances)
        constants["prove_fixed_ms"] += part.constants.pop("fixed")
        constants |= part.constants
    predicted = {
        name: sum(constants[constant] * count for constant, count in each.items()) + constants["prove_fixed_ms"] * 1e-3
        for name, each in counts.items()
    }
    return Fit(constants, tuple((name, measured[name], predicted[name]) for name in records))


def _by_group(record: Record) -> dict[str, float]:
    """CPU seconds by group of phases, of the fastest repetition; what is outside of all phases goes to `linear`."""
    times = record["prove"]["time"]["cpu_s"]
    fastest = min(range(len(times)), key=times.__getitem__)
    total = dict.fromkeys(PHASES, 0.0)
    for phase, seconds in record["prove"]["phases"][fastest]["cpu_s"].items():
        if phase in _GROUP:
            total[_GROUP[phase]] += seconds
    total["linear"] = times[fastest] - sum(total.values())
    return total


def fit(
    names: Sequence[str],
    counts: Sequence[Mapping[str, float]],
    measured: Sequence[float],
    tolerances: Sequence[float] | None = None,
) -> Fit:
    """Constants, at least 0, of least squared error in units of `tolerances`; of relative error without.

    One entry of each argument for each measurement.
    """
    from scipy.optimize import nnls

    constants = list(counts[0])
    matrix: npt.NDArray[np.float64] = np.array([[each[constant] for constant in constants] for each in counts])
    values = np.asarray(measured, np.float64)
    # Columns of like size, or the solver takes small coefficients for 0.
    weights = 1.0 / (values if tolerances is None else np.asarray(tolerances, np.float64))
    relative = matrix * weights[:, None]
    scale = np.linalg.norm(relative, axis=0)
    solution, _ = nnls(relative / scale, values * weights)
    solution = solution / scale
    points = zip(names, measured, (float(value) for value in matrix @ solution), strict=True)
    return Fit({name: float(value) for name, value in zip(constants, solution, strict=True)}, tuple(points))


def main() -> int:
    """Measures and prints; returns 0."""
    parser = argparse.ArgumentParser(prog="bench.costs", description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--row-bits", default=",".join(map(str, ROW_BITS)))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path, help="measurements: read if the file is there, else written")
    options = parser.parse_args()
    records = _records(options)
    _report(fit_proving(records))
    verify = [least(record, "verify", "time", "cpu_s") for record in records.values()]
    _report(fit(list(records), [verify_counts(record) for record in records.values()], verify))
    peak = [figure(record, "prove", "memory", "peak_rss_bytes") for record in records.values()]
    _report(fit(list(records), [memory_counts(record) for record in records.values()], peak))
    return 0


def _records(options: argparse.Namespace) -> dict[str, Any]:
    if options.json and options.json.exists():
        stored: dict[str, Any] = json.loads(options.json.read_text())
        return stored
    records = {}
    for model in options.models.split(","):
        for bits in map(int, options.row_bits.split(",")):
            print(f"measuring {model}, rows of 2^{bits}", file=sys.stderr, flush=True)
            try:
                record = measure_zkseal(model, threads=1, repeat=options.repeat, rows=8, row_bits=bits)
            except StageFailed as error:  # Above all: a mask that does not fit so short a row.
                print(f"left out: {str(error).splitlines()[-1]}", file=sys.stderr, flush=True)
                continue
            records[f"{model} 2^{bits}"] = record
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(records))
    return records


def _report(result: Fit) -> None:
    print(
        "\n" + text_table(("constant", "value"), [(name, f"{value:.4g}") for name, value in result.constants.items()])
    )
    rows = [
        (name, f"{measured:.4g}", f"{predicted:.4g}", f"{predicted / measured - 1:+.0%}")
        for name, measured, predicted in result.points
    ]
    print("\n" + text_table(("measurement", "measured", "predicted", "error"), rows))
    errors = sorted(abs(predicted / measured - 1) for _, measured, predicted in result.points)
    print(f"\nerror: median {errors[len(errors) // 2]:.1%}, worst {result.worst:.1%}")


if __name__ == "__main__":
    sys.exit(main())
