"""A program as plain data: lists, texts and integers, and arrays by number.

Stored is what runs. Relation and committed integers are a key's own and are given back to it; names and values of the
graph, which only people and reports read, are not kept (`Program.for_proving`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from zkseal.errors import InvalidEncoding
from zkseal.lowering.archive.arrays import Arrays, ArrayStore
from zkseal.lowering.archive.fields import Codec, Reader, Writer, codec_of
from zkseal.lowering.program import Program
from zkseal.quantize.integers import Narrow
from zkseal.relation import Relation

__all__ = ["from_plain", "to_plain"]

STORED = ("inputs", "outputs", "steps", "layouts", "integer_outputs")
"""The fields of a program that are written."""


def to_plain(program: Program, store: ArrayStore) -> dict[str, Any]:
    """The program as plain data; its arrays are added to `store`.

    Raises:
        InvalidEncoding: a step holds something that has no form (`archive.fields`).
    """
    writer = Writer(store)
    data = {name: codec.write(writer, getattr(program, name)) for name, codec in _codecs().items()}
    return {"classes": writer.classes, "objects": writer.objects, **data}


def from_plain(data: Any, arrays: Sequence[Narrow], relation: Relation, parameters: Mapping[str, Narrow]) -> Program:
    """The inverse of `to_plain`: `arrays` by number, `parameters` as in `Program`.

    A program that was changed makes proofs that fail, not wrong ones: what is proved is said by the relation.

    Raises:
        InvalidEncoding: the data are not those of a program, or of one with other tensors than the relation's.
    """
    if not isinstance(data, dict) or set(data) != {"classes", "objects", *STORED}:
        raise InvalidEncoding("A program has other entries than these. Run setup again.", reason="program")
    reader = Reader(data["classes"], data["objects"], Arrays(arrays))
    found = {name: codec.read(reader, data[name]) for name, codec in _codecs().items()}
    names = set(relation.names.tensors)
    for name, (_, shape) in found["layouts"].items():
        if name not in names or relation.tensor(name).shape != shape:
            raise InvalidEncoding(
                f"A program computes '{name}' of shape {shape}, which its relation does not have. Run setup again.",
                reason="program",
            )
    return Program(relation=relation, parameters=parameters, **found)


def _codecs() -> dict[str, Codec]:
    hints = get_type_hints(Program)
    return {name: codec_of(hints[name]) for name in STORED}
