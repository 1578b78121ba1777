"""Which tensors may be narrow: a search for the cheapest program that still meets the user's tolerance.

Narrow (8-bit) values need fewer or smaller lookups, but each costs accuracy. The search lowers and measures programs, a
bounded number of them ("trials"), and keeps the cheapest by predicted time among those that meet the tolerance:

1. all values at 16 bits: if that misses the tolerance, nothing will do, and `ToleranceExceeded` names the worst node;
2. all values narrow, which may do already;
3. each value narrow alone, largest values first, with half of the trials at most: what it saves, and what it costs;
4. prefixes of the values in order of error for each millisecond saved, by bisection;
5. values behind the longest good prefix one by one, while trials are left.

Nothing is random: the same model, samples and limits give the same program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zkseal.errors import QuantizationError
from zkseal.graph import Graph
from zkseal.lowering import Visibility
from zkseal.pipeline.compile import CompiledModel, Progress, rebuild
from zkseal.pipeline.costs import relation_ms
from zkseal.pipeline.evaluate import Arrays, evaluate, require_tolerance
from zkseal.quantize import AccuracyReport, Calibration, QuantizationOptions

__all__ = ["MixedPrecision", "PrecisionSearch"]

NARROW_BITS = 8
SEARCH_SAMPLES = 64
"""Trials are measured on at most this many of the samples, evenly spaced; the result is measured on all."""


@dataclass(frozen=True)
class MixedPrecision:
    """How the search goes: the tolerance on the samples, and how many programs it may try.

    `max_error`: largest mean relative error of an output; `min_agreement`: least share of equal decisions. At least one
    is given. `trials`: 2 or more.
    """

    max_error: float | None = None
    min_agreement: float | None = None
    trials: int = 40

    def __post_init__(self) -> None:
        if self.max_error is None and self.min_agreement is None:
            raise ValueError("mixed precision needs a tolerance: give max_error, min_agreement or both.")
        if self.trials < 2:
            raise ValueError(f"trials must be at least 2, got {self.trials}.")

    def is_met(self, accuracy: AccuracyReport) -> bool:
        """Whether all outputs are within the tolerance."""
        return all(
            (self.max_error is None or output.mean_relative_error <= self.max_error)
            and (self.min_agreement is None or output.agreement >= self.min_agreement)
            for output in accuracy.outputs
        )


@dataclass(frozen=True)
class _Trial:
    narrow: frozenset[str]
    model: CompiledModel
    cost_ms: float
    error: float
    good: bool


@dataclass(eq=False)
class PrecisionSearch:
    """The search over programs of one calibrated graph; the first fields are the arguments of `rebuild`.

    `samples`: by input name. `goal`: the tolerance and the number of trials.
    """

    graph: Graph
    calibration: Calibration
    options: QuantizationOptions
    visibility: tuple[Visibility, Visibility, Visibility]
    samples: Arrays
    goal: MixedPrecision
    progress: Progress | None = None
    _tried: dict[frozenset[str], _Trial | None] = field(default_factory=dict, init=False)

    def run(self) -> CompiledModel:
        """The cheapest program found that meets the tolerance on all samples, with its accuracy.

        Raises:
            ToleranceExceeded: with all values at `options.bits` the error is larger; names output and worst node.
            QuantizationError, UnsupportedOp: the model cannot be lowered.
        """
        base = self._base()
        candidates = self._candidates(base)
        self._try(frozenset(candidates))
        alone = self._alone(base, candidates[: max(1, self.goal.trials // 2)])
        self._prefixes([name for name, _ in alone])
        if self.progress is not None:
            self.progress("precision", 1.0)
        return self._best(base)

    def _base(self) -> _Trial:
        model = self._program(self.options)
        accuracy = evaluate(model, self.samples)
        goal = self.goal
        require_tolerance(model, self.samples, accuracy, max_error=goal.max_error, min_agreement=goal.min_agreement)
        trial = _Trial(
            frozenset(), replace(model, accuracy=accuracy), relation_ms(model.relation), _error(accuracy), True
        )
        self._tried[frozenset()] = trial
        return trial

    def _candidates(self, base: _Trial) -> list[str]:
        """Values of floats, the largest first: inputs, and what nodes compute."""
        program, values = base.model.program, self.graph.values
        computed = (name for node in program.nodes.values() for name in node.outputs)
        names = dict.fromkeys((*(value.name for value in program.inputs), *computed))
        floats = [name for name in names if name in values and values[name].dtype.startswith("float")]
        wide = [name for name in floats if self.options.bits_of(name) > NARROW_BITS]
        return sorted(wide, key=lambda name: -math.prod(values[name].shape))

    def _alone(self, base: _Trial, candidates: Sequence[str]) -> list[tuple[str, float]]:
        """Values that make a difference, those that cost the least accuracy for what they save first."""
        found = []
        for name in candidates:
            trial = self._try(frozenset({name}))
            if trial is None or (trial.cost_ms == base.cost_ms and trial.error == base.error):
                continue
            saved, added = base.cost_ms - trial.cost_ms, max(trial.error - base.error, 0.0)
            found.append((name, added / saved if saved > 0 else math.inf))
        return sorted(found, key=lambda pair: pair[1])

    def _prefixes(self, order: Sequence[str]) -> None:
        """Bisection for the longest prefix within the tolerance; then the values behind it one by one."""
        good, bad = 0, len(order) + 1
        while bad - good > 1:
            middle = (good + bad) // 2
            trial = self._try(frozenset(order[:middle]))
            good, bad = (middle, bad) if trial is not None and trial.good else (good, middle)
        kept = frozenset(order[:good])
        for name in order[good + 1 :]:
            trial = self._try(kept | {name})
            if trial is not None and trial.good:
                kept = trial.narrow

    def _try(self, narrow: frozenset[str]) -> _Trial | None:
        """The program with these values narrow; None if it does not exist, or no trial is left."""
        if narrow in self._tried:
            return self._tried[narrow]
        if len(self._tried) >= self.goal.trials:
            return None
        bits = {**self.options.tensor_bits, **dict.fromkeys(narrow, NARROW_BITS)}
        trial: _Trial | None = None
        try:
            model = self._program(replace(self.options, tensor_bits=bits))
            accuracy = evaluate(model, self._few, expected=self._expected)
            error = _error(accuracy)
            trial = _Trial(narrow, model, relation_ms(model.relation), error, self.goal.is_met(accuracy))
        except QuantizationError:
            pass  # Too narrow for a value to fit at all.
        self._tried[narrow] = trial
        if self.progress is not None:
            self.progress("precision", len(self._tried) / self.goal.trials)
        return trial

    def _program(self, options: QuantizationOptions) -> CompiledModel:
        return rebuild(self.graph, self.calibration, options, self.visibility)

    @cached_property
    def _few(self) -> Arrays:
        return _spread(self.graph, self.samples)

    @cached_property
    def _expected(self) -> Arrays:
        """What the float model returns for `_few`."""
        from zkseal.frontends.onnx import FloatSession

        return FloatSession(self.graph).run(self._few)

    def _best(self, base: _Trial) -> CompiledModel:
        """The cheapest good trial that is good on all samples, too."""
        good = [trial for trial in self._tried.values() if trial is not None and trial.good and trial is not base]
        for trial in sorted(good, key=lambda trial: (trial.cost_ms, len(trial.narrow))):
            if trial.cost_ms >= base.cost_ms:
                break
            try:
                accuracy = evaluate(trial.model, self.samples)
            except QuantizationError:
                continue
            if self.goal.is_met(accuracy):
                return replace(trial.model, accuracy=accuracy)
        return base.model


def _error(accuracy: AccuracyReport) -> float:
    """One number for the order of values: the error of the worst output, and decisions that changed."""
    return accuracy.mean_relative_error + (1.0 - accuracy.agreement)


def _spread(graph: Graph, samples: Arrays) -> Arrays:
    """At most `SEARCH_SAMPLES` proofs' worth of samples, evenly spaced."""
    first = graph.inputs[0]
    if not first.shape:
        return samples
    batch = first.shape[0]
    count = len(samples[first.name]) // batch
    if count <= SEARCH_SAMPLES:
        return samples
    chosen = np.linspace(0, count - 1, SEARCH_SAMPLES).astype(np.int64)
    rows: npt.NDArray[np.int64] = (chosen[:, np.newaxis] * batch + np.arange(batch)).ravel()
    return {name: array[rows] if array.ndim else array for name, array in samples.items()}
