"""Runs one case: compile, integer execution, comparison with the expected outputs."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import numpy as np
from tests.backend.cases import Array, Case
from tests.backend.freeze import frozen
from tests.e2e.key_files import through_a_file

import zkseal
from zkseal.errors import InternalError, ZksealError
from zkseal.pipeline.compile import load

TOLERANCE = 2.0**-10
"""Largest error of a float output, as a share of the largest magnitude of the expected output."""

PRECISION = {"bfloat16": 2.0**-7}
"""Float types that are coarser than the tolerance: the expected values themselves are only as exact as this."""

CASE_SECONDS = 20.0
PROOF_SECONDS = 60.0

PASSED, FOLDED, REFUSED, FAILED, OUT = "passed", "folded", "refused", "failed", "out of scope"


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        kind: passed; folded (nothing is left to prove, the constants are right); refused with a typed error; failed;
            or out of scope.
        detail: code of the error, what went wrong, or why it is out of scope.
        message: the error's sentence, for people.
    """

    name: str
    op: str
    kind: str
    detail: str = ""
    message: str = ""


class TimeLimitExceeded(Exception):
    """A case took too long."""


def run_case(case: Case, seconds: float = CASE_SECONDS) -> Outcome:
    """The outcome of compiling and executing a case. Never raises."""
    return _outcome(case, _run, seconds)


def prove_case(case: Case) -> Outcome:
    """The outcome of proving and verifying a case, its inputs hidden. Never raises."""
    return _outcome(case, _prove, PROOF_SECONDS)


def _outcome(case: Case, work: Callable[[Case], tuple[str, str]], seconds: float) -> Outcome:
    if case.out_of_scope:
        return Outcome(case.name, case.op, OUT, case.out_of_scope)
    try:
        with time_limit(seconds), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind, detail = work(case)
    except InternalError as error:
        return Outcome(case.name, case.op, FAILED, "InternalError", str(error))
    except ZksealError as error:
        return Outcome(case.name, case.op, REFUSED, error.code, str(error))
    except TimeLimitExceeded:
        return Outcome(case.name, case.op, FAILED, "time", f"took more than {seconds:g} s")
    except Exception as error:
        return Outcome(case.name, case.op, FAILED, f"crash: {type(error).__name__}", str(error))
    return Outcome(case.name, case.op, kind, detail)


def _run(case: Case) -> tuple[str, str]:
    model, inputs = frozen(case)
    graph = load(model)
    if all(name in graph.initializers for name in graph.outputs):
        got = {name: np.asarray(graph.initializers[name]) for name in graph.outputs if name in graph.initializers}
        fault = compare(case.outputs, got)
        return (FAILED, fault) if fault else (FOLDED, "")
    used = {value.name: _numbers(inputs[value.name]) for value in graph.inputs}
    compiled = zkseal.compile(graph, used)
    fault = compare(case.outputs, compiled.program.predict(used))
    return (FAILED, fault) if fault else (PASSED, "")


def _prove(case: Case) -> tuple[str, str]:
    model, inputs = frozen(case)
    graph = load(model)
    used = {value.name: _numbers(inputs[value.name]) for value in graph.inputs}
    proving_key, verifying_key = zkseal.setup(zkseal.compile(graph, used))
    result = zkseal.prove(through_a_file(proving_key, used), used)
    proved = zkseal.verify(result.receipt, verifying_key)
    fault = compare(case.outputs, dict(proved.outputs))
    return (FAILED, fault) if fault else (PASSED, "")


def _numbers(array: Array) -> Array:
    """Types that numpy does not have itself, such as bfloat16, as float32."""
    return array if array.dtype.kind in "biuf" else array.astype(np.float32)


def compare(expected: dict[str, Array], got: dict[str, Array]) -> str:
    """What is wrong with the outputs; empty if nothing is. Integers have to be equal, floats within the tolerance."""
    for name, y in expected.items():
        if name not in got:
            return f"output {name} is missing"
        actual = np.asarray(got[name])
        if actual.shape != y.shape:
            return f"output {name} has shape {actual.shape}, expected {y.shape}"
        if y.dtype.kind in "biu":
            if not np.array_equal(actual.astype(object), y.astype(object)):
                return f"output {name} differs"
        else:
            wide = y.astype(np.float64)
            error = float(np.abs(actual.astype(np.float64) - wide).max(initial=0.0))
            largest = float(np.abs(wide).max(initial=0.0))
            bound = PRECISION.get(y.dtype.name, TOLERANCE) * largest
            if not error <= bound:
                relative = error / largest if largest else float("inf")
                return f"output {name}: error {relative:.3g} of the largest value"
    return ""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TimeLimitExceeded in the main thread when the block takes longer."""

    def expire(number: int, frame: FrameType | None) -> None:
        raise TimeLimitExceeded

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
