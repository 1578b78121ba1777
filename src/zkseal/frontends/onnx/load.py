"""The one way in: an ONNX model becomes a normalized, validated graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zkseal.errors import InvalidModel, ResourceLimit, ZksealError
from zkseal.frontends.onnx.convert import to_graph
from zkseal.frontends.onnx.read import Source, read
from zkseal.frontends.onnx.standardize import standardize
from zkseal.graph import Graph, normalize, validate


def load(
    source: Source,
    *,
    batch: int = 1,
    outputs: str | Sequence[str] | None = None,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
) -> Graph:
    """The graph of an ONNX model.

    - `source`: a path, the bytes of a file, or a ModelProto (not changed).
    - `batch`: size of an unknown first axis of inputs.
    - `outputs`: names of the values to return, any value of the model; what they do not need is cut off. None keeps
      all numeric outputs; `graph.notes` tells which outputs were left out or changed their form.
    - `input_shapes`: full shapes of inputs that have other unknown dimensions, by input name.

    Raises InvalidModel, UnsupportedOp, UnsupportedDtype, DynamicShape, NonFiniteWeight or ResourceLimit, each naming
    node or tensor and a remedy. Operators that have no lowering rule are refused later; `graph.ops()` lists what the
    graph has.
    """
    names = [outputs] if isinstance(outputs, str) else outputs
    try:
        model, notes = standardize(read(source), batch=batch, input_shapes=input_shapes or {}, outputs=names)
        return validate(normalize(to_graph(model, tuple(notes))))
    except ZksealError:
        raise
    except MemoryError as error:
        raise ResourceLimit(
            "The memory does not suffice to read the model. Export it with smaller inputs.", resource="memory"
        ) from error
    except Exception as error:
        # Protocol buffers accept what no exporter writes: names that are not UTF-8, attributes without a type.
        text = str(error).strip().partition("\n")[0]
        raise InvalidModel(f"The model is damaged ({type(error).__name__}: {text}). Export it again.") from error
