"""Limits that have to hold on the machine of a run. `make bench` fails if one does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.results import Record, figure

MAX_PROOF_BYTES = 40_000
MAX_VERIFY_S = 0.050
MAX_PROVE_S = {"cifar": 10.0, "dense": 10.0}
"""Models that ezkl cannot hold in 24 GiB."""
MIN_AGREEMENT = 0.99
MAX_RELATIVE_ERROR = 0.005
MIN_SPEEDUP = {"mlp_credit": 20.0}
"""How much faster than the fastest measured setting of ezkl."""


@dataclass(frozen=True)
class Check:
    """One limit: what it says, the figure with its unit, and whether it holds."""

    model: str
    limit: str
    figure: str
    holds: bool

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"model": self.model, "limit": self.limit, "figure": self.figure, "holds": self.holds}


def check(zkseal: Mapping[str, Record], ezkl: Mapping[str, Mapping[str, Record]]) -> list[Check]:
    """All limits for what was measured. Records by model; of ezkl by model and setting.

    Raises:
        MissingFigure: a record lacks a figure that a limit is about.
    """
    return [
        *(each for model, record in zkseal.items() for each in _own(model, record)),
        *(each for model, settings in ezkl.items() if model in zkseal for each in _speedup(model, zkseal, settings)),
    ]


def ezkl_prove_s(record: Record) -> float:
    """Proving time of ezkl as it counts best for ezkl: the proof alone, without reading keys, where ezkl logs it."""
    logged = record["prove"]["logged_proof_s"]
    if all(value is not None for value in logged):
        return figure(record, "prove", "logged_proof_s")
    return figure(record, "prove", "time", "wall_s")


def _own(model: str, record: Record) -> Iterator[Check]:
    size = figure(record, "prove", "proof_bytes")
    yield Check(model, f"proof <= {MAX_PROOF_BYTES} bytes", f"{size:.0f}", size <= MAX_PROOF_BYTES)
    verify = figure(record, "verify", "time", "wall_s")
    yield Check(model, f"verify <= {MAX_VERIFY_S * 1e3:.0f} ms", f"{verify * 1e3:.1f} ms", verify <= MAX_VERIFY_S)
    if model in MAX_PROVE_S:
        prove = figure(record, "prove", "time", "wall_s")
        limit = MAX_PROVE_S[model]
        yield Check(model, f"prove < {limit:.0f} s", f"{prove:.3f} s", prove < limit)
    agreement = figure(record, "compile", "accuracy", "agreement")
    yield Check(model, f"same decision >= {MIN_AGREEMENT:.0%}", f"{agreement:.2%}", agreement >= MIN_AGREEMENT)
    error = figure(record, "compile", "accuracy", "mean_relative_error", zero=True)
    yield Check(model, f"mean error < {MAX_RELATIVE_ERROR:.1%}", f"{error:.4%}", error < MAX_RELATIVE_ERROR)


def _speedup(model: str, zkseal: Mapping[str, Record], settings: Mapping[str, Record]) -> Iterator[Check]:
    if model not in MIN_SPEEDUP or not settings:
        return
    fastest = min(ezkl_prove_s(record) for record in settings.values())
    ratio = fastest / figure(zkseal[model], "prove", "time", "wall_s")
    limit = MIN_SPEEDUP[model]
    yield Check(model, f"proving >= {limit:.0f} times faster than ezkl's fastest", f"{ratio:.0f} times", ratio >= limit)
