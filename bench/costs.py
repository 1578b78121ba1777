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


def prove_counts(record: Record) -> dict[str, float]:
    """What proving is linear in, in units that give the constants of `Costs` their names."""
    sizes, layout = record["compile"]["sizes"], record["setup"]["layout"]
    committed = sizes["committed"]
    row = 1 << layout["row_bits"]
    return {
        "commit_ns_per_value": (committed["input"] + committed["output"] + committed["witness"]) / 1e9,
        "leaf_ns": (sizes["lookups"] + sizes["table_rows"]) / 1e9,
        "slot_ns": sizes["product_slots"] / 1e9,
        "fold_ns_per_value": sum(committed.values()) / 1e9,
        "full_scalar_ns": (layout["mask_length"] + 6 * row) / 1e9,
        "prove_fixed_ms": 1e-3,
    }


def verify_counts(record: Record) -> dict[str, float]:
    """What verifying is linear in."""
    layout = record["setup"]["layout"]
    points = (1 << layout["row_bits"]) + sum(layout["rows"].values()) + 2 * layout["row_bits"]
    return {"verify_point_ns": points / 1e9, "verify_fixed_ms": 1e-3}


def memory_counts(record: Record) -> dict[str, float]:
    """What the peak memory of the proving process is linear in."""
    sizes = record["compile"]["sizes"]
    return {
        "bytes_per_leaf": sizes["lookups"] + sizes["table_rows"],
        "bytes_per_value": sum(sizes["committed"].values()),
        "bytes_fixed": 1.0,
    }


def fit(names: Sequence[str], counts: Sequence[Mapping[str, float]], measured: Sequence[float]) -> Fit:
    """Constants, at least 0, of least squared relative error. One entry of each argument for each measurement."""
    from scipy.optimize import nnls

    constants = list(counts[0])
    matrix: npt.NDArray[np.float64] = np.array([[each[constant] for constant in constants] for each in counts])
    values = np.asarray(measured, np.float64)
    # Columns of like size, or the solver takes small coefficients for 0.
    relative = matrix / values[:, None]
    scale = np.linalg.norm(relative, axis=0)
    solution, _ = nnls(relative / scale, np.ones(len(values)))
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
    for counts, figures in (
        (prove_counts, [least(record, "prove", "time", "cpu_s") for record in records.values()]),
        (verify_counts, [least(record, "verify", "time", "cpu_s") for record in records.values()]),
        (memory_counts, [figure(record, "prove", "memory", "peak_rss_bytes") for record in records.values()]),
    ):
        _report(fit(list(records), [counts(record) for record in records.values()], figures))
    return 0


def _records(options: argparse.Namespace) -> dict[str, Any]:
    if options.json and options.json.exists():
        stored: dict[str, Any] = json.loads(options.json.read_text())
        return stored
    records = {}
    for model in options.models.split(","):
        for bits in map(int, options.row_bits.split(",")):
            print(f"measuring {model}, rows of 2^{bits}", file=sys.stderr, flush=True)
            records[f"{model} 2^{bits}"] = measure_zkseal(
                model, threads=1, repeat=options.repeat, rows=8, row_bits=bits
            )
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
