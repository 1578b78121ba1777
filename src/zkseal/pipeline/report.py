"""`report`: everything that a person wants to know about a compiled model before relying on its proofs.

Error by output and by node, agreement on the user's samples and on changed ones, what saturates, and what makes the
proof slow. The result is data (`to_dict` is JSON-ready); `zkseal.pages` makes a page of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.pipeline.compile import CompiledModel, Progress, Samples, named
from zkseal.pipeline.costs import CostReport, cost_by_node
from zkseal.pipeline.evaluate import Arrays, Comparison, compare, parts_of
from zkseal.pipeline.inspect import describe
from zkseal.pipeline.perturbations import perturbed
from zkseal.quantize import AccuracyReport, measure_accuracy
from zkseal.quantize.node_report import NodeAccuracy

__all__ = ["Disagreement", "ModelReport", "PerturbedAgreement", "Scatter", "report"]

PERTURBED_SAMPLES = 32
EXAMPLES = 5
SCATTER_POINTS = 400


@dataclass(frozen=True)
class Disagreement:
    """A sample on which the proved program decides otherwise: its index, and both decisions about one output."""

    sample: int
    output: str
    float_decision: str
    proved_decision: str


@dataclass(frozen=True)
class PerturbedAgreement:
    """Agreement on changed samples.

    - `samples`: how many were changed; `refused`: how many of them left the calibrated range, so that none is proved.
    - `agreement`, `mean_relative_error`: of the worst output, over those that were accepted; None if there is none.
    - `disagreements`: the first few.
    """

    name: str
    what: str
    samples: int
    refused: int
    agreement: float | None
    mean_relative_error: float | None
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True)
class Scatter:
    """Entries of one output, evenly chosen: what the float model says (`expected`) and what is proved (`actual`)."""

    output: str
    expected: tuple[float, ...]
    actual: tuple[float, ...]


@dataclass(frozen=True)
class ModelReport:
    """A compiled model, measured on samples.

    - `samples`: how many there were; `refused`: (sample, tensor) for those that leave the calibrated range.
    - `accuracy`: errors of the outputs over the others; None if there is none.
    - `nodes`: errors of all values that have integers of their own, in order of computation.
    - `perturbed`: agreement on changed samples.
    - `costs`: what makes the proof slow.
    - `description`: what `inspect` says.
    """

    name: str
    description: Mapping[str, Any]
    samples: int
    refused: tuple[tuple[int, str], ...]
    accuracy: AccuracyReport | None
    disagreements: tuple[Disagreement, ...]
    nodes: tuple[NodeAccuracy, ...]
    perturbed: tuple[PerturbedAgreement, ...]
    costs: CostReport
    scatters: tuple[Scatter, ...]

    @property
    def saturated(self) -> int:
        """Entries that were clamped, over all values and samples."""
        return sum(node.saturated for node in self.nodes)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; an infinite error (of a value that is 0) is null."""
        found: dict[str, Any] = _plain({"format": "zkseal report v1", **asdict(self), "saturated": self.saturated})
        return found


def report(model: CompiledModel, samples: Samples, *, seed: int = 0, progress: Progress | None = None) -> ModelReport:
    """Measures a compiled model on samples and on changed ones (at most 32 of them for each kind of change).

    Args:
        seed: of the changes that are random.
        progress: told stage and share done.

    Raises:
        WrongInput: samples do not fit the model.
    """
    arrays = named(model.graph.inputs, samples)
    seen = compare(model, arrays, progress=progress)
    accuracy = measure_accuracy(seen.expected, seen.actual) if seen.accepted else None
    return ModelReport(
        name=model.graph.name,
        description=describe(model),
        samples=len(seen.accepted) + len(seen.refused),
        refused=seen.refused,
        accuracy=accuracy,
        disagreements=_disagreements(seen, accuracy, 4 * EXAMPLES),
        nodes=seen.nodes,
        perturbed=_perturbed(model, arrays, seed, progress),
        costs=cost_by_node(model),
        scatters=tuple(_scatter(name, seen) for name in seen.expected),
    )


def _perturbed(
    model: CompiledModel, arrays: Arrays, seed: int, progress: Progress | None
) -> tuple[PerturbedAgreement, ...]:
    parts = list(parts_of(model, arrays))
    chosen = [int(k) for k in np.linspace(0, len(parts) - 1, min(PERTURBED_SAMPLES, len(parts)))]
    base = {
        name: np.concatenate([parts[k][name] for k in chosen]) if array.ndim else array
        for name, array in arrays.items()
    }
    found = []
    for perturbation, changed in perturbed(model.graph, base, seed=seed):
        seen = compare(model, changed, nodes=False, progress=progress, stage=perturbation.name)
        accuracy = measure_accuracy(seen.expected, seen.actual) if seen.accepted else None
        found.append(
            PerturbedAgreement(
                name=perturbation.name,
                what=perturbation.what,
                samples=len(seen.accepted) + len(seen.refused),
                refused=len(seen.refused),
                agreement=None if accuracy is None else accuracy.agreement,
                mean_relative_error=None if accuracy is None else accuracy.mean_relative_error,
                disagreements=_disagreements(seen, accuracy, EXAMPLES, chosen),
            )
        )
    return tuple(found)


def _disagreements(
    seen: Comparison, accuracy: AccuracyReport | None, most: int, numbers: Sequence[int] | None = None
) -> tuple[Disagreement, ...]:
    """At most `most` of them; `numbers`: which of the user's samples were compared, if not all."""
    found = []
    for output in () if accuracy is None else accuracy.outputs:
        y, z = seen.expected[output.name], seen.actual[output.name]
        batch = max(1, len(y) // len(seen.accepted))
        for row in output.disagreements[:most]:
            decisions = (_decision(reals[row]) for reals in (y, z))
            sample = seen.accepted[row // batch]
            found.append(Disagreement(sample if numbers is None else numbers[sample], output.name, *decisions))
    return tuple(found[:most])


def _decision(reals: npt.NDArray[Any]) -> str:
    """What a classifier with this output says, for people."""
    array = np.asarray(reals)
    if array.dtype.kind in "biu":
        return ", ".join(str(int(x)) for x in array.ravel()[:8])
    if array.ndim and array.shape[-1] > 1:
        chosen = array.argmax(axis=-1).ravel()[:8]
        return "class " + ", ".join(str(int(k)) for k in chosen)
    return ", ".join("positive" if x > 0 else "not positive" for x in array.ravel()[:8])


def _scatter(name: str, seen: Comparison) -> Scatter:
    y, z = seen.expected[name].astype(np.float64).ravel(), seen.actual[name].astype(np.float64).ravel()
    chosen = np.unique(np.linspace(0, y.size - 1, min(SCATTER_POINTS, y.size)).astype(np.int64))
    return Scatter(name, tuple(y[chosen].tolist()), tuple(z[chosen].tolist()))


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
