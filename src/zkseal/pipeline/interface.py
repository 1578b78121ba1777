"""The interface of a proved program: what its inputs and outputs are called, and how integers stand for numbers.

It travels in the annotation of the relation, so that it is part of the model id: nobody can read the public integers of
a receipt with other scales than those that its key was made with. The annotation is canonical JSON. `lowering` writes
names, shapes, exponents, bounds and visibilities; `annotate` adds the tensor of each input and output.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidRelation, StatementMismatch
from zkseal.json_text import parse_json
from zkseal.quantize.ordered import ORDERS
from zkseal.relation import Column, Relation

__all__ = ["Interface", "Port", "annotate", "renumber"]

FORMAT = "zkseal program v1"
MAX_EXPONENT = 1 << 10
MAX_NAME = 1024
MAX_AXES = 32
"""Of a caller's array: what numpy 1 has."""
MAX_DIGITS = 20
"""Of an integer of 64 bits, with its sign: all that an annotation holds."""
DTYPES = frozenset(
    {"float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool"}
)


@dataclass(frozen=True)
class Port:
    """One input or output. A number is integer * 2^-(exponent + feature exponent of its last index).

    Attributes:
        shape: shape of the caller's array; the tensor holds the same entries in row-major order.
        dtype: numpy type of the float model's value; integers stand for themselves.
        lo, hi: bounds of the integers.
        public: whether the statement holds the integers, or a commitment to them.
        tensor: index in the relation.
        order: integers are codes of the floats of this type (`quantize.ordered`), not multiples of a step.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    exponent: int
    lo: int
    hi: int
    public: bool
    tensor: int
    feature_exponents: tuple[int, ...] | None = None
    order: str | None = None

    @property
    def step(self) -> float:
        """The difference of neighbouring numbers; of features with finer scales, the coarsest."""
        return float(np.ldexp(1.0, -self.exponent))

    def decode(self, integers: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The numbers that `integers`, in any shape of the right size, stand for."""
        if integers.size != math.prod(self.shape):
            raise StatementMismatch(
                f"'{self.name}' has {math.prod(self.shape)} entries; the statement holds {integers.size}.",
                tensor=self.tensor,
            )
        shaped = integers.astype(np.int64).reshape(self.shape)
        if self.order is not None:
            return ORDERS[self.order].decode(shaped)
        if not self.dtype.startswith("float"):
            return shaped
        exponents = self.exponent + np.asarray(self.feature_exponents or 0, dtype=np.int64)
        return np.asarray(np.ldexp(shaped.astype(np.float64), -exponents))


@dataclass(frozen=True)
class Interface:
    """Inputs and outputs of a program, in order, and whether its weights are public."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    public_weights: bool

    @staticmethod
    def of(relation: Relation) -> Interface:
        """The interface that a relation's annotation describes.

        Raises:
            InvalidRelation: the annotation is of another form, or does not fit the relation.
        """
        try:
            document = _parsed(relation.annotation)
            if document["format"] != FORMAT:
                raise ValueError(f"format {document['format']!r}")
            interface = Interface(
                inputs=tuple(_port(entry) for entry in _listed(document["inputs"])),
                outputs=tuple(_port(entry) for entry in _listed(document["outputs"])),
                public_weights=document["weights"] == "public",
            )
        except (ValueError, TypeError, KeyError) as error:
            raise InvalidRelation(
                f"The relation's annotation does not describe a program ({error!r}). Compile the model again.",
                reason="annotation",
            ) from error
        for port in interface.inputs:
            _require_tensor(relation, port, Column.INPUT)
        for port in interface.outputs:
            _require_tensor(relation, port, Column.OUTPUT)
        interface._require_complete(relation)
        return interface

    def _require_complete(self, relation: Relation) -> None:
        """Every tensor of a statement belongs to one port with a name of its own: nothing public goes unread."""
        names = [port.name for port in (*self.inputs, *self.outputs)]
        if len(set(names)) != len(names):
            raise InvalidRelation(f"The annotation uses a name twice among {sorted(names)}.", reason="annotation")
        mine = sorted(port.tensor for port in (*self.inputs, *self.outputs))
        stated = {Column.INPUT, Column.OUTPUT, Column.PUBLIC}
        theirs = [index for index, tensor in enumerate(relation.tensors) if tensor.column in stated]
        if mine != theirs:
            raise InvalidRelation(
                f"The annotation names the tensors {mine}, the relation's statement has {theirs}.", reason="annotation"
            )

    @property
    def public_inputs(self) -> frozenset[int]:
        """Tensors of public inputs."""
        return frozenset(port.tensor for port in self.inputs if port.public)

    def decode(self, ports: tuple[Port, ...], integers: Mapping[int, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        """Numbers by name, for those of the ports whose integers are there."""
        return {port.name: port.decode(integers[port.tensor]) for port in ports if port.tensor in integers}


def annotate(relation: Relation) -> Relation:
    """The relation as `lowering` made it, with the tensor of each input and output in its annotation."""
    document = parse_json(relation.annotation)
    for entry in (*document["inputs"], *document["outputs"]):
        entry["tensor"] = relation.tensor_index(entry["name"])
    return replace(relation, annotation=_canonical(document))


def renumber(annotation: bytes, numbers: Mapping[int, int]) -> bytes:
    """An annotation that calls each tensor by its new number."""
    document = parse_json(annotation)
    for entry in (*document["inputs"], *document["outputs"]):
        entry["tensor"] = numbers[entry["tensor"]]
    return _canonical(document)


def _canonical(document: Any) -> bytes:
    """The one byte string of a JSON document."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _parsed(annotation: bytes) -> Any:
    """A canonical document, whose numbers are integers of 64 bits: no reader rounds them, or refuses their length."""

    def refused(number: str) -> Any:
        raise ValueError(f"{number[:MAX_DIGITS]} is no integer of 64 bits")

    def integer(digits: str) -> int:
        return int(digits) if len(digits) <= MAX_DIGITS else refused(digits)

    document = parse_json(annotation, parse_int=integer, parse_float=refused, parse_constant=refused)
    if _canonical(document) != annotation:
        raise ValueError("the JSON is not canonical")
    return document


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list is missing")
    return value


def _port(entry: Mapping[str, Any]) -> Port:
    shape, features = _listed(entry["shape"]), entry.get("feature_exponents")
    if len(shape) > MAX_AXES:
        raise ValueError("an array has too many axes")
    for number in (*shape, *(features or ()), *(entry[key] for key in ("exponent", "lo", "hi", "tensor"))):
        if type(number) is not int:
            raise TypeError(f"{number!r} is no integer")
    if features is not None and (not shape or len(features) != shape[-1]):
        raise ValueError("feature exponents of another length than the last axis")
    if any(abs(number) > MAX_EXPONENT for number in (entry["exponent"], *(features or ()))):
        raise ValueError("exponent out of range")
    if any(axis < 1 for axis in shape) or entry["visibility"] not in ("private", "public"):
        raise ValueError("shape or visibility")
    if not isinstance(entry["name"], str) or not entry["name"].isprintable() or len(entry["name"]) > MAX_NAME:
        raise TypeError("a name is not printable text")
    if entry["dtype"] not in DTYPES:
        raise ValueError("unknown dtype")
    if "order" in entry:
        order = ORDERS[entry["order"]]
        if (entry["lo"], entry["hi"], entry["exponent"], features) != (order.lo, order.hi, 0, None):
            raise ValueError("codes of floats with other bounds or with an exponent")
    return Port(
        name=entry["name"],
        shape=tuple(shape),
        dtype=entry["dtype"],
        exponent=entry["exponent"],
        lo=entry["lo"],
        hi=entry["hi"],
        public=entry["visibility"] == "public",
        tensor=entry["tensor"],
        feature_exponents=None if features is None else tuple(features),
        order=entry.get("order"),
    )


def _require_tensor(relation: Relation, port: Port, private: Column) -> None:
    column = Column.PUBLIC if port.public else private
    tensor = relation.tensors[port.tensor] if 0 <= port.tensor < len(relation.tensors) else None
    if tensor is None or tensor.column != column or tensor.size != math.prod(port.shape):
        raise InvalidRelation(
            f"The annotation gives '{port.name}' the tensor {port.tensor}, which is not a {column.name.lower()} tensor "
            f"of {math.prod(port.shape)} entries.",
            reason="annotation",
        )
    if (tensor.lo, tensor.hi) != (port.lo, port.hi):
        raise InvalidRelation(
            f"The annotation gives '{port.name}' other bounds than its tensor has.", reason="annotation"
        )
