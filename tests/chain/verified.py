"""Proofs that the universal verifier accepts, with what every word of their arguments is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from reference.tests.cases import element_kinds
from tests.chain.evm import Arguments, public_values
from tests.conformance.verifiers import Vector, decoded_key, vectors

from zkseal import _native
from zkseal_reference import VerifyingKey
from zkseal_reference.key import model_statement
from zkseal_reference.layout import Layout
from zkseal_reference.relation import GatherPublic, Relation, accesses_of

HELPER, KZG = 1, 1
"""Lookup argument and opening: bytes 8 and 10 of a key."""

OPENING_POINTS, OPENING_SCALARS = 7, 6


@dataclass(frozen=True)
class Verified:
    """A program, arguments that it accepts, and their words.

    Attributes:
        words: of each word of the proof: `scalar` and `commitment` decide the linear claim, `late scalar` and `point`
            only the opening; the words of points come in pairs.
        bounds: least and greatest value of each public value.
    """

    name: str
    program: bytes = field(repr=False)
    arguments: Arguments = field(repr=False)
    words: tuple[str, ...] = field(repr=False)
    bounds: tuple[tuple[int, int], ...] = field(repr=False)
    values: tuple[int, ...] = field(repr=False)


def words_of(layout: Layout) -> tuple[str, ...]:
    """Of each word of a proof in the encoding of the chain, what it is."""
    kinds = element_kinds(layout)
    # s blinds the combined row: nothing but the opening depends on it.
    first_late = len(kinds) - OPENING_SCALARS - OPENING_POINTS - 1
    words: list[str] = []
    for index, kind in enumerate(kinds):
        if kind == "scalar":
            words.append("late scalar" if index >= first_late else kind)
        else:
            words += [kind, kind]
    return tuple(words)


def bounds_of(relation: Relation) -> tuple[tuple[int, int], ...]:
    """Of each public value: those of its tensor, and those of the axes that it selects on."""
    accesses = [access for constraint in (*relation.lookups, *relation.zeros) for access in accesses_of(constraint)]
    found: list[tuple[int, int]] = []
    for index in relation.public_tensors:
        tensor = relation.tensors[index]
        lo, hi = tensor.lo, tensor.hi
        for access in accesses:
            for axis, own in zip(relation.tensors[access.tensor].axes, access.maps, strict=True):
                if isinstance(own, GatherPublic) and own.tensor == index:
                    lo, hi = max(lo, 0), min(hi, axis - 1)
        found += [(lo, hi)] * tensor.entries
    return tuple(found)


def flat(public: dict[Any, Any]) -> list[int]:
    """Public tensors by index as the values of a call."""
    return [int(value) for _, values in sorted(public.items(), key=lambda item: int(item[0])) for value in values]


def chain_vectors() -> Iterator[Vector]:
    """All vectors of keys and proofs with the kzg opening."""
    for vector in vectors():
        whole = vector.file in ("key/kzg.json", "proof/kzg.json")
        if whole or (vector.file == "proof/lies.json" and bytes.fromhex(vector.arguments["key"])[10] == KZG):
            yield vector


def inference(vector: Vector) -> Verified:
    """An accepted vector of a proof."""
    data, arguments = bytes.fromhex(vector.arguments["key"]), vector.arguments
    key, reference = decoded_key(data), VerifyingKey.decode(data, check_model_proof=False)
    points = [bytes.fromhex(point) for point in arguments["inputs"] + arguments["outputs"]]
    values = flat(arguments["public"])
    made = Arguments(
        bytes.fromhex(arguments["context"]),
        public_values(values),
        _native.chain_commitments(points),
        _native.chain_proof(key, False, bytes.fromhex(arguments["proof"])),
    )
    words, bounds = words_of(reference.layout), bounds_of(reference.relation)
    return Verified(vector.comment, _native.chain_program(key, False), made, words, bounds, tuple(values))


def model_proof(name: str, data: bytes) -> Verified:
    """The model proof of a key."""
    key, statement = decoded_key(data), model_statement(VerifyingKey.decode(data, check_model_proof=False))
    assert statement is not None
    made = Arguments(b"", b"", b"", _native.chain_model_proof(key))
    program = _native.chain_program(key, True)
    return Verified(f"{name}: model proof", program, made, words_of(statement.layout), (), ())


@cache
def verified() -> dict[str, Verified]:
    """All accepted proofs of the vectors under keys for chains, and the model proofs of these keys, by name."""
    found: dict[str, Verified] = {}
    for vector in chain_vectors():
        if not vector.expected.startswith("accepted"):
            continue
        data = bytes.fromhex(vector.arguments["key"])
        if data[8] != HELPER:
            continue
        if vector.area == "proof":
            found[vector.comment] = inference(vector)
        elif VerifyingKey.decode(data, check_model_proof=False).model_proof:
            found[f"{vector.comment}: model proof"] = model_proof(vector.comment, data)
    return found
