"""Any bytes give a named error, and the package imports nothing but the standard library."""

from __future__ import annotations

import ast
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import zkseal_reference
from zkseal_reference import Column, ProtocolError, VerifyingKey, check_opening, errors
from zkseal_reference.curve import encode_compressed
from zkseal_reference.errors import OpeningRejected, StatementMismatch, WrongLength
from zkseal_reference.field import P

from .cases import case, check

PACKAGE = Path(zkseal_reference.__file__).parent


def test_only_the_standard_library_is_imported() -> None:
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert all(alias.name.split(".")[0] in sys.stdlib_module_names for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                assert (node.module or "").split(".")[0] in sys.stdlib_module_names


def test_every_error_has_its_own_code() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, ProtocolError)]
    assert {c("").code for c in classes} == {c.__name__ for c in classes}
    assert len(classes) == 17


def test_flipped_bits_of_a_proof_are_named_errors() -> None:
    source = random.Random(9)  # noqa: S311
    proof = case("merged").proved.proof
    for _ in range(60):
        changed = bytearray(proof)
        changed[source.randrange(len(proof))] ^= 1 << source.randrange(8)
        with pytest.raises(ProtocolError):
            check(case("merged"), replace(case("merged").proved, proof=bytes(changed)))


def test_random_bytes_of_a_key_are_named_errors() -> None:
    source = random.Random(10)  # noqa: S311
    data = case("merged").key.encode()
    for at in range(0, len(data), 5):
        changed = data[:at] + source.randbytes(4) + data[at + 4 :]
        if changed != data:
            try:
                key = VerifyingKey.decode(changed[: len(data)])
            except ProtocolError:
                continue
            with pytest.raises(ProtocolError):
                check(replace(case("merged"), key=key), case("merged").proved)


# Openings of a column


def test_commitments_are_opened_by_their_owner() -> None:
    found = case("tiny")
    proved, values = found.proved, found.sketch.values
    x, z = found.sketch.index("x"), found.sketch.index("z")
    check_opening(found.key, Column.INPUT, {x: values[x]}, proved.input_blindings, proved.input_commitments)
    check_opening(found.key, Column.OUTPUT, {z: values[z]}, proved.output_blindings, proved.output_commitments)
    other = [values[x][0] + 1, *values[x][1:]]
    one_more = ((int.from_bytes(proved.input_blindings, "big") + 1) % P).to_bytes(32, "big")
    for tensors, blindings, error in (
        ({x: other}, proved.input_blindings, OpeningRejected),
        ({x: values[x]}, one_more, OpeningRejected),
        ({x: values[x]}, b"", WrongLength),
        ({x: values[x][:2]}, proved.input_blindings, StatementMismatch),
        ({x: [*values[x][:2], 64]}, proved.input_blindings, StatementMismatch),
        ({}, proved.input_blindings, StatementMismatch),
    ):
        with pytest.raises(error):
            check_opening(found.key, Column.INPUT, tensors, blindings, proved.input_commitments)
    with pytest.raises(StatementMismatch):
        check_opening(found.key, Column.INPUT, {x: values[x]}, b"", [])
    with pytest.raises(StatementMismatch):
        check_opening(found.key, Column.WITNESS, {}, b"", [])


def test_anyone_recomputes_the_tables_of_a_key() -> None:
    found = case("mlp")
    tables = {i: list(found.sketch.values[i]) for i in found.key.layout.columns[Column.TABLE].tensors}
    points = [encode_compressed(point) for point in found.key.table_commitments]
    check_opening(found.key, Column.TABLE, tables, bytes(32 * len(points)), points)
    tables[found.sketch.index("t64")][5] = -26
    with pytest.raises(OpeningRejected):
        check_opening(found.key, Column.TABLE, tables, bytes(32 * len(points)), points)
