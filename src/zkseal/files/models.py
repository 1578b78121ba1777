"""Compiled models in files.

Stored is what a model was made from (graph, calibration, options), and the relation that came out. Reading makes the
program again and compares: a release that would lower the model in another way says so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from zkseal.errors import DecodeError, InvalidEncoding, ResourceLimit, UnknownVersion, ZksealError
from zkseal.files.arrays import pack_arrays, unpack_arrays
from zkseal.files.container import Buffer, Sections, read_container, write_container
from zkseal.files.graphs import (
    decode_accuracy,
    decode_calibration,
    decode_graph,
    decode_options,
    encode_accuracy,
    encode_calibration,
    encode_graph,
    encode_options,
)
from zkseal.files.kinds import COMPILED
from zkseal.graph import validate
from zkseal.pipeline import CompiledModel
from zkseal.pipeline.compile import rebuild
from zkseal.receipts import cbor

__all__ = ["load_model", "save_model"]

MAX_HEAD_BYTES = 1 << 26
_VISIBILITIES = ("private", "public")

Path = str | os.PathLike[str]


def save_model(path: Path, model: CompiledModel) -> None:
    """Writes a compiled model, whole or not at all; readable by its owner only, as it holds the weights.

    Raises `OutOfDisk`, `FileUnavailable`.
    """
    head, arrays = _encode(model)
    directory, pieces = pack_arrays(arrays)
    sections: dict[str, list[Buffer]] = {
        "head": [head],
        "relation": [model.relation.encode()],
        "directory": [directory],
        "arrays": pieces,
    }
    write_container(path, COMPILED, sections)


def load_model(path: Path) -> CompiledModel:
    """Reads what `save_model` wrote.

    Raises:
        FileUnavailable, DecodeError: the file cannot be read, is damaged, or is something else.
        UnknownVersion: this release makes another program of the same model.
    """
    sections = read_container(path, COMPILED)
    return _decode(path, sections, unpack_arrays(sections["directory"], sections["arrays"]))


def _encode(model: CompiledModel) -> tuple[bytes, dict[str, npt.NDArray[Any]]]:
    graph, graph_arrays = encode_graph(model.graph)
    calibration, calibration_arrays = encode_calibration(model.calibration)
    head = {
        "graph": graph,
        "calibration": calibration,
        "options": encode_options(model.options),
        "visibility": list(model.visibility),
        "accuracy": encode_accuracy(model.accuracy),
    }
    return cbor.dumps(head), graph_arrays | calibration_arrays


def _decode(path: Path, sections: Sections, arrays: Mapping[str, npt.NDArray[Any]]) -> CompiledModel:
    head = cbor.loads(bytes(sections["head"]), max_bytes=MAX_HEAD_BYTES)
    try:
        inputs, outputs, weights = head["visibility"]
        if not {inputs, outputs, weights} <= set(_VISIBILITIES):
            raise ValueError("visibility")
        parts = head["graph"], head["calibration"], head["options"]
        accuracy = decode_accuracy(head["accuracy"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEncoding(f"The head of '{path}' is damaged: {error!r}.", path=str(path), reason="head") from error
    model = _rebuild(path, parts, arrays, (inputs, outputs, weights))
    if model.relation.encode() != bytes(sections["relation"]):
        raise UnknownVersion(
            f"'{path}' was compiled by a release that lowers this model in another way. Compile the model again.",
            path=str(path),
            got="another relation",
            expected="the relation of this release",
        )
    return CompiledModel(
        model.graph, model.calibration, model.options, model.visibility, model.program, model.relation, accuracy
    )


def _rebuild(
    path: Path, parts: Sequence[Any], arrays: Mapping[str, npt.NDArray[Any]], visibility: tuple[Any, Any, Any]
) -> CompiledModel:
    """Lowers the stored graph again. One that no frontend made may break any promise that lowering relies on."""
    try:
        graph = validate(decode_graph(parts[0], arrays))
        return rebuild(graph, decode_calibration(parts[1], arrays), decode_options(parts[2]), visibility)
    except (DecodeError, ResourceLimit, MemoryError):
        raise
    except Exception as error:
        # A ModelError or QuantizationError would speak of a model that the user has; this one is damaged.
        what = str(error) if isinstance(error, ZksealError) else repr(error)
        raise InvalidEncoding(
            f"'{path}' holds a model that contradicts itself ({what}). Compile the model again.",
            path=str(path),
            reason="model",
        ) from error
