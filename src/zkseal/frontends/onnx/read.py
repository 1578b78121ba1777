"""Reads ONNX models: path, bytes or ModelProto to a ModelProto that onnx's own checker accepts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import onnx
from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data

from zkseal.errors import InvalidModel, UnsupportedOp
from zkseal.frontends.onnx.contrib_ops import rewrite_contrib_ops

Source: TypeAlias = "str | os.PathLike[str] | bytes | onnx.ModelProto"

# Protocol buffers cannot hold more in one message.
MAX_BYTES = 2**31 - 1

_TORCH = "Load the module in Python and give it to zkseal.compile, or write it with torch.onnx.export."
_KERAS = "Load it with keras.models.load_model and give it to zkseal.compile."
_PICKLE = "Pickles run code and are never opened: load the estimator in Python and give it to zkseal.compile."

OTHER_FORMATS = {
    **dict.fromkeys((".pt", ".pth", ".pt2"), _TORCH),
    **dict.fromkeys((".keras", ".h5"), _KERAS),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), _PICKLE),
    ".tflite": "Convert it: python -m tf2onnx.convert --tflite FILE --output model.onnx.",
}
"""What to do with files that other libraries write, by the end of their name."""


def read(source: Source) -> onnx.ModelProto:
    """The model in `source`, with external data loaded; a ModelProto is copied, never changed.

    Raises InvalidModel for a missing, truncated or inconsistent file or missing external data, and UnsupportedOp
    for an operator that no ONNX standard or function of the model defines.
    """
    where, folder = "model", None
    if isinstance(source, onnx.ModelProto):
        model = onnx.ModelProto()
        model.CopyFrom(source)
    elif isinstance(source, bytes):
        model = _parse(source, where)
    else:
        path = Path(source)
        where, folder = path.name, path.parent
        model = _parse(_read_bytes(path), where)
    if not model.HasField("graph") or not model.opset_import:
        raise InvalidModel(
            f"{where} is not an ONNX model: it has no graph or no operator set. {_remedy(where)}", path=where
        )
    _drop_repeated_opsets(model)
    _load_external_data(model, where, folder)
    model = rewrite_contrib_ops(model)
    _check_operators(model)
    _state_default_axes(model)
    try:
        _check_before_label_encoders(model)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise InvalidModel(f"onnx's checker refuses {where}: {_first_line(error)}", path=where) from error
    return model


def _state_default_axes(model: onnx.ModelProto) -> None:
    """Writes out the default axes of MeanVarianceNormalization, which onnx's checker cannot take from its function."""
    for node in model.graph.node:
        if node.op_type == "MeanVarianceNormalization" and not node.attribute:
            node.attribute.append(onnx.helper.make_attribute("axes", [0, 2, 3]))


def _check_before_label_encoders(model: onnx.ModelProto) -> None:
    """Checks what precedes each LabelEncoder by itself.

    Where the inference of types fails, onnx goes on to collect errors, but reads the input of a LabelEncoder behind it
    without looking, which ends the process. Raises what the checker raises.
    """
    for index, node in enumerate(model.graph.node):
        if node.op_type == "LabelEncoder":
            before = onnx.ModelProto()
            before.CopyFrom(model)
            del before.graph.node[index:]
            del before.graph.output[:]
            onnx.checker.check_model(before, full_check=True)


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InvalidModel(
                f"{path.name} has {size} bytes, more than ONNX allows in one file. Use external data.", path=path.name
            )
        return path.read_bytes()
    except OSError as error:
        raise InvalidModel(f"{path.name} cannot be read: {error.strerror}.", path=path.name) from error


def _parse(data: bytes, where: str) -> onnx.ModelProto:
    try:
        return onnx.load_model_from_string(data)
    except Exception as error:
        raise InvalidModel(
            f"{where} is not an ONNX model, or was cut off: {_first_line(error)}. {_remedy(where)}", path=where
        ) from error


def _remedy(where: str) -> str:
    return OTHER_FORMATS.get(Path(where).suffix.lower(), "Export or copy it again.")


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _drop_repeated_opsets(model: onnx.ModelProto) -> None:
    """Some exporters list a domain twice; the first entry of a domain is kept when all agree."""
    versions: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        if versions.setdefault(domain, entry.version) != entry.version:
            raise InvalidModel(
                f"The model imports domain {domain!r} at versions {versions[domain]} and {entry.version}. Keep one.",
                node=domain,
            )
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(domain, version) for domain, version in versions.items())


def tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """All constant tensors of a graph: initializers and tensor attributes, subgraphs included."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for inner in subgraphs((attribute,)):
                yield from tensors(inner)


def subgraphs(attributes: Iterable[onnx.AttributeProto]) -> Iterator[onnx.GraphProto]:
    """Graphs held by attributes (bodies of If, Loop, Scan)."""
    for attribute in attributes:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _load_external_data(model: onnx.ModelProto, where: str, folder: Path | None) -> None:
    for tensor in tensors(model.graph):
        if not uses_external_data(tensor):
            continue
        if folder is None:
            raise InvalidModel(
                f"Tensor {tensor.name!r} lies in another file. Load the model by its path.",
                path=where,
                tensor=tensor.name,
            )
        try:
            load_external_data_for_tensor(tensor, str(folder))
        except Exception as error:
            raise InvalidModel(
                f"Tensor {tensor.name!r} of {where} lies in a file that is missing, too short or outside the model's "
                f"folder: {_first_line(error)}. Copy all files of the model together.",
                path=where,
                tensor=tensor.name,
            ) from error
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _check_operators(model: onnx.ModelProto) -> None:
    functions = {(function.domain, function.name) for function in model.functions}
    bodies = [model.graph.node, *(function.node for function in model.functions)]
    for nodes in bodies:
        for index, node in enumerate(nodes):
            domain = "" if node.domain == "ai.onnx" else node.domain
            if (node.domain, node.op_type) in functions or onnx.defs.has(node.op_type, domain):
                continue
            name = node.name or f"{node.op_type}_{index}"
            raise UnsupportedOp(
                f"Node {name!r} uses {domain or 'ai.onnx'}::{node.op_type}, which is neither a standard ONNX operator "
                "nor a function of the model. Export the model with standard operators.",
                op=node.op_type,
                node=name,
            )
