"""Float execution of graphs by onnxruntime, with every intermediate value at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from zkseal.errors import InvalidModel, WrongInput
from zkseal.frontends.onnx.export import export
from zkseal.frontends.onnx.load import load
from zkseal.frontends.onnx.standardize import OPSET
from zkseal.graph import Graph, Value

MAX_THREADS = 2

RUNTIME_OPSET = 24
"""onnxruntime has kernels for every operator of this set; newer sets change the types that operators accept."""

REFERENCE_LIMIT = 1 << 20
"""onnx's reference evaluator is for small graphs: larger ones would take too long in it."""


class FloatSession:
    """Runs one graph; sessions for the sets of values asked for are made once and kept.

    A ModelProto is loaded as `load` does. At most two threads are used. Graph optimizations of onnxruntime stay on
    the basic level, so that each value is what its own node computes.
    """

    def __init__(self, graph: Graph | onnx.ModelProto, *, threads: int = MAX_THREADS) -> None:
        self.graph = graph if isinstance(graph, Graph) else load(graph)
        self._threads = max(1, min(threads, MAX_THREADS))
        self._sessions: dict[tuple[str, ...], Any] = {}

    def run(
        self, inputs: Mapping[str, npt.NDArray[Any]], values: Sequence[str] | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """The named values (None: the graph's outputs) for `inputs`, float arrays of the shapes of the graph.

        Inputs whose first axis is k times that of the graph are run in k parts, and the parts of each value are
        stacked along its first axis (values of rank 0 along a new one); so samples need no loop. Raises WrongInput
        for inputs that are missing, unknown or of another shape, InvalidModel for unknown values or when onnxruntime
        refuses the graph.
        """
        names = tuple(dict.fromkeys(self.graph.outputs if values is None else values))
        constants = {name: self.graph.initializers[name] for name in names if name in self.graph.initializers}
        feeds = {value.name: self._feed(value, inputs) for value in self.graph.inputs}
        unknown = sorted(set(inputs) - set(feeds))
        if unknown:
            raise WrongInput(
                f"There is no input {unknown[0]!r}; the inputs are {list(feeds)}.",
                name=unknown[0],
                expected=list(feeds),
            )
        parts = self._parts(feeds)
        computed = tuple(name for name in names if name not in constants and name not in feeds)
        found = self._run_parts(feeds, parts, computed)
        return {name: constants.get(name, feeds.get(name, found.get(name))) for name in names}  # type: ignore[misc]

    def _feed(self, value: Value, inputs: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        if value.name not in inputs:
            raise WrongInput(
                f"Input {value.name!r} of shape {list(value.shape)} is missing.",
                name=value.name,
                expected=value.shape,
                got=None,
            )
        array = np.asarray(inputs[value.name], np.dtype(value.dtype), order="C")
        fits = array.shape[1:] == value.shape[1:] and array.ndim == len(value.shape)
        if fits and value.shape:
            fits = array.shape[0] > 0 and array.shape[0] % value.shape[0] == 0
        if not fits:
            raise WrongInput(
                f"Input {value.name!r} has shape {list(array.shape)}; expected {list(value.shape)}, or a multiple of "
                "its first axis.",
                name=value.name,
                expected=value.shape,
                got=array.shape,
            )
        return array

    def _parts(self, feeds: Mapping[str, npt.NDArray[Any]]) -> int:
        counts = {
            value.name: feeds[value.name].shape[0] // value.shape[0] for value in self.graph.inputs if value.shape
        }
        if len(set(counts.values())) > 1:
            raise WrongInput(
                f"Inputs hold different numbers of samples: {counts}.", name=next(iter(counts)), got=counts
            )
        return next(iter(counts.values()), 1)

    def _run_parts(
        self, feeds: Mapping[str, npt.NDArray[Any]], parts: int, names: tuple[str, ...]
    ) -> dict[str, npt.NDArray[Any]]:
        if not names:
            return {}
        session = self._session(names)

        def run_part(part: int) -> list[npt.NDArray[Any]]:
            feed = {}
            for value in self.graph.inputs:
                size = value.shape[0] if value.shape else 0
                whole = feeds[value.name]
                feed[value.name] = whole[part * size : (part + 1) * size] if value.shape else whole
            found: list[npt.NDArray[Any]] = session.run(list(names), feed)
            return found

        def run_all() -> list[list[npt.NDArray[Any]]]:
            return [run_part(part) for part in range(parts)]

        try:
            rows = run_all()
        except Exception as error:  # onnxruntime has operators that it refuses for some attributes, when they run.
            session = self._sessions[names] = _guarded(partial(self._reference, names, error))
            rows = _guarded(run_all)
        if parts == 1:
            return dict(zip(names, rows[0], strict=True))
        return {name: _stack([row[column] for row in rows]) for column, name in enumerate(names)}

    def _session(self, names: tuple[str, ...]) -> Any:
        if names not in self._sessions:
            for name in names:
                if name not in self.graph.values:
                    raise InvalidModel(f"The graph has no value {name!r}.", name=name)
            self._sessions[names] = _guarded(lambda: self._new_session(names))
        return self._sessions[names]

    def _new_session(self, names: tuple[str, ...]) -> Any:
        """A session of onnxruntime; of onnx's reference evaluator for graphs with types that onnxruntime lacks."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.log_severity_level = 4
        for opset in (RUNTIME_OPSET, OPSET):
            data = export(self.graph, extra_outputs=names, opset=opset).SerializeToString()
            try:
                return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            except Exception as error:
                refusal = error
        return self._reference(names, refusal)

    def _reference(self, names: tuple[str, ...], refusal: Exception) -> _Reference:
        """Raises `refusal` where the reference evaluator is of no use."""
        if sum(array.size for array in self.graph.initializers.values()) > REFERENCE_LIMIT:
            raise refusal
        try:
            return _Reference(export(self.graph, extra_outputs=names))
        except Exception:
            raise refusal from None


class _Reference:
    """onnx's reference evaluator behind the interface of a session of onnxruntime."""

    def __init__(self, model: onnx.ModelProto) -> None:
        from onnx.reference import ReferenceEvaluator

        self._evaluator = ReferenceEvaluator(model)

    def run(self, names: list[str], feeds: dict[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """The named values, as arrays."""
        with np.errstate(all="ignore"):
            return [np.asarray(value) for value in self._evaluator.run(names, feeds)]


def _stack(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts[0].ndim else np.stack(parts)


def _guarded(work: Callable[[], Any]) -> Any:
    """Runs a step of onnxruntime; what it raises becomes InvalidModel."""
    try:
        return work()
    except Exception as error:
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise InvalidModel(f"onnxruntime refuses the graph: {text[0]}", step="onnxruntime") from error
