"""Loads a Keras model: Keras writes it as ONNX, the ONNX frontend does the rest."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx import helper

from zkseal.errors import InvalidModel, MissingDependency, UnsupportedOp
from zkseal.frontends.onnx.load import load as load_onnx
from zkseal.graph import Graph

__all__ = ["OUTPUT", "load", "reads", "to_onnx"]

OUTPUT = "output"
"""Name of the value that a model returns; of several, `output_0`, `output_1`, .. or the keys of a dictionary."""

_UNNAMED = "Identity"
"""How tf2onnx calls outputs that have no name."""


def reads(model: Any) -> bool:
    """Whether this is a model of Keras 3."""
    kinds = type(model).__mro__
    return any(kind.__module__.partition(".")[0] == "keras" and kind.__name__ == "Model" for kind in kinds)


def load(model: Any, *, batch: int = 1, outputs: str | Sequence[str] | None = None) -> Graph:
    """The graph of a model that was built: made with `keras.Input`, trained, or called. Inputs are called as those.

    Raises InvalidModel for a model that was not built, MissingDependency without tf2onnx, UnsupportedOp when Keras
    cannot write it as ONNX.
    """
    return load_onnx(to_onnx(model), batch=batch, outputs=outputs)


def to_onnx(model: Any) -> onnx.ModelProto:
    """The ONNX model that Keras writes. Raises as `load` does."""
    name = type(model).__name__
    if not model.built:
        raise InvalidModel(f"{name} does not say which shapes it takes. Call it on a sample first.", node=name)
    if getattr(model, "inputs", None):
        # Keras writes only what was called; symbols do.
        model(model.inputs[0] if len(model.inputs) == 1 else model.input)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            model.export(str(path), format="onnx", verbose=False)
        except ImportError as error:
            raise MissingDependency(
                "Loading Keras models needs tf2onnx. Install it: pip install 'zkseal[keras]'.", package="tf2onnx"
            ) from error
        except Exception as error:
            text = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise UnsupportedOp(
                f"{name} cannot be written as ONNX: {text} Export it in another way (docs/guides/models.md) and "
                "compile the file.",
                op=name,
                node=name,
            ) from error
        written = onnx.load(path)
    _name_outputs(written)
    return written


def _name_outputs(model: onnx.ModelProto) -> None:
    """Gives outputs without a name one that stays the same whatever else there is."""
    for k, value in enumerate(model.graph.output):
        if value.name.startswith(_UNNAMED):
            name = OUTPUT if len(model.graph.output) == 1 else f"{OUTPUT}_{k}"
            model.graph.node.append(helper.make_node("Identity", [value.name], [name], f"{name}/name"))
            value.name = name
