"""Linear models of time and memory, fitted to measurements: those of `zkseal.proving.cost`, and a plain line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.results import Record, figure, least
from bench.targets import TARGETS

LIMIT = 0.25
"""How far a prediction may be from what was measured, as a share of that."""


@dataclass(frozen=True)
class Fit:
    """Constants by name, and for each measurement its name, what was measured and what the constants predict."""

    constants: dict[str, float]
    points: tuple[tuple[str, float, float], ...]

    @property
    def errors(self) -> list[float]:
        """Relative errors, the smallest first, without their signs."""
        return sorted(abs(predicted / measured - 1) for _, measured, predicted in self.points)

    @property
    def worst(self) -> float:
        """The largest relative error."""
        return self.errors[-1]


def prove_counts(record: Record) -> dict[str, float]:
    """What proving is linear in, by the constant of `Costs` that it is multiplied with."""
    sizes, layout = record["compile"]["sizes"], record["setup"]["layout"]
    committed = sizes["committed"]
    fresh = committed["input"] + committed["output"] + committed["witness"]
    row = 1 << layout["row_bits"]
    return {
        "commit_ns_per_value": fresh / 1e9,
        "leaf_ns": (sizes["lookups"] + sizes["table_rows"]) / 1e9,
        "slot_ns": sizes["product_slots"] / 1e9,
        "fold_ns_per_value": (sum(committed.values()) - fresh) / 1e9,
        "full_scalar_ns": (layout["mask_length"] + 6 * row) / 1e9,
        "constraint_ns": sizes["constraints"] / 1e9,
        "prove_fixed_ms": 1e-3,
    }


def verify_counts(record: Record) -> dict[str, float]:
    """What verifying is linear in."""
    layout = record["setup"]["layout"]
    return {
        "verify_point_ns": ((1 << layout["row_bits"]) + sum(layout["rows"].values()) + 2 * layout["row_bits"]) / 1e9,
        "verify_fixed_ms": 1e-3,
    }


def memory_counts(record: Record) -> dict[str, float]:
    """What the peak memory of the proving process is linear in."""
    sizes, layout = record["compile"]["sizes"], record["setup"]["layout"]
    return {
        "bytes_per_lookup": sizes["lookups"],
        "bytes_per_table_row": sizes["table_rows"],
        "bytes_per_value": sum(sizes["committed"].values()),
        "bytes_per_row_entry": 1 << layout["row_bits"],
        "bytes_fixed": 1.0,
    }


def setup_memory_counts(record: Record) -> dict[str, float]:
    """What the peak memory of the process that makes keys is linear in."""
    sizes, layout = record["compile"]["sizes"], record["setup"]["layout"]
    return {
        "setup_bytes_per_weight": sizes["committed"]["model"],
        "setup_bytes_per_table_row": sizes["table_rows"],
        "setup_bytes_per_row_entry": 1 << layout["row_bits"],
        "setup_bytes_per_constraint": sizes["constraints"],
        "setup_bytes_per_slot": sizes["product_slots"],
        "setup_bytes_fixed": 1.0,
    }


def line_counts(record: Record) -> dict[str, float]:
    """The plainest model that there is: a + b x lookups + c x weights."""
    sizes = record["compile"]["sizes"]
    return {
        "a_ms": 1e-3,
        "b_ns_per_lookup": sizes["lookups"] / 1e9,
        "c_ns_per_weight": sizes["committed"]["model"] / 1e9,
    }


def fit_line(records: Mapping[str, Record]) -> Fit:
    """The line of proving times whose largest relative error is the least.

    It is drawn through the rows that the project has targets for, if there are enough of them to say something.
    """
    aimed = {name: record for name, record in records.items() if name in TARGETS}
    chosen = aimed if len(aimed) > len(line_counts(next(iter(records.values())))) else records
    measured = [figure(record, "prove", "time", "wall_s") for record in chosen.values()]
    return fit_evenly(list(chosen), [line_counts(record) for record in chosen.values()], measured)


def fit_verifying(records: Mapping[str, Record]) -> Fit:
    """Constants of verifying, from CPU seconds."""
    measured = [least(record, "verify", "time", "cpu_s") for record in records.values()]
    return fit(list(records), [verify_counts(record) for record in records.values()], measured)


def fit_memory(records: Mapping[str, Record]) -> Fit:
    """Constants of the memory of proving."""
    measured = [figure(record, "prove", "memory", "peak_rss_bytes") for record in records.values()]
    return fit(list(records), [memory_counts(record) for record in records.values()], measured)


def fit_setup_memory(records: Mapping[str, Record]) -> Fit:
    """Constants of the memory of making keys."""
    measured = [figure(record, "setup", "memory", "peak_rss_bytes") for record in records.values()]
    return fit(list(records), [setup_memory_counts(record) for record in records.values()], measured)


def fit_proving(records: Mapping[str, Record]) -> Fit:
    """Constants of proving, of the least largest error; from CPU seconds."""
    measured = [least(record, "prove", "time", "cpu_s") for record in records.values()]
    return fit_evenly(list(records), [prove_counts(record) for record in records.values()], measured)


def fit_evenly(names: Sequence[str], counts: Sequence[Mapping[str, float]], measured: Sequence[float]) -> Fit:
    """Constants, at least 0, whose largest relative error is the least; arguments as of `fit`."""
    from scipy.optimize import linprog

    constants = list(counts[0])
    matrix: npt.NDArray[np.float64] = np.array([[each[constant] for constant in constants] for each in counts])
    values = np.asarray(measured, np.float64)
    relative = matrix / values[:, None]
    scale = np.linalg.norm(relative, axis=0)
    scale[scale == 0.0] = 1.0
    # Unknowns: the constants, and the error that no relative error exceeds.
    ones = np.ones((len(values), 1))
    bounds = np.block([[relative / scale, -ones], [-relative / scale, -ones]])
    limits = np.concatenate([np.ones(len(values)), -np.ones(len(values))])
    found = linprog([*np.zeros(len(constants)), 1.0], A_ub=bounds, b_ub=limits)
    solution = found.x[:-1] / scale
    points = zip(names, measured, (float(value) for value in matrix @ solution), strict=True)
    return Fit({name: float(value) for name, value in zip(constants, solution, strict=True)}, tuple(points))


def fit(
    names: Sequence[str],
    counts: Sequence[Mapping[str, float]],
    measured: Sequence[float],
    tolerances: Sequence[float] | None = None,
) -> Fit:
    """Constants, at least 0, of least squared error in units of `tolerances`; of relative error without.

    One entry of each argument for each measurement. A count that is 0 everywhere gets the constant 0.
    """
    from scipy.optimize import nnls

    constants = list(counts[0])
    matrix: npt.NDArray[np.float64] = np.array([[each[constant] for constant in constants] for each in counts])
    values = np.asarray(measured, np.float64)
    # Columns of like size, or the solver takes small coefficients for 0.
    weights = 1.0 / (values if tolerances is None else np.asarray(tolerances, np.float64))
    relative = matrix * weights[:, None]
    scale = np.linalg.norm(relative, axis=0)
    scale[scale == 0.0] = 1.0
    solution, _ = nnls(relative / scale, values * weights)
    solution = solution / scale
    points = zip(names, measured, (float(value) for value in matrix @ solution), strict=True)
    return Fit({name: float(value) for name, value in zip(constants, solution, strict=True)}, tuple(points))
