"""Proving keys in files: the integer program, the committed integers once, the verifying key, its powers of tau.

Nothing is made again when a key is read: steps are read as they were written (`lowering.archive`), and their constants
are views of the mapped file, the same ones as the committed integers. The relation is that of the verifying key.
Powers of tau are as many as a row has entries, 64 bytes each, and are checked against tau*G2 of the verifying key.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from zkseal.errors import InvalidEncoding, InvalidPower, WrongLength, WrongModel
from zkseal.files.arrays import pack_arrays, unpack_arrays
from zkseal.files.container import Buffer, FileKind, Sections, mapped, read_sections, write_container
from zkseal.files.graphs import decode_accuracy, decode_options, encode_accuracy, encode_options
from zkseal.files.kinds import PROVING_KEY
from zkseal.lowering import Program
from zkseal.lowering.archive import ArrayStore, from_plain, to_plain
from zkseal.pipeline import ProvingKey
from zkseal.pipeline.provenance import Provenance
from zkseal.proving import CommittedWeights, Srs, VerifyingKey
from zkseal.receipts import cbor
from zkseal.relation import Column, Relation

__all__ = [
    "load_proving_key",
    "provenance_of",
    "provenance_to_plain",
    "proving_key_in",
    "save_proving_key",
    "sections_of",
]

MAX_PLAIN_BYTES = 1 << 28
_COMMITTED = (Column.MODEL, Column.TABLE)

AnyPath = str | os.PathLike[str]
Array = npt.NDArray[Any]


def save_proving_key(path: AnyPath, key: ProvingKey) -> None:
    """Writes a proving key, whole or not at all; readable by its owner only. Raises `OutOfDisk`, `FileUnavailable`."""
    write_container(path, PROVING_KEY, sections_of(key))


def sections_of(key: ProvingKey) -> dict[str, list[Buffer]]:
    """What a file holds of a proving key, of a whole model or of a segment."""
    store = ArrayStore()
    weights = [[index, store.add(array)] for index, array in sorted(key.weights.weights.items())]
    program = {
        "model": key.verifying_key.model_id,
        "names": key.weights.relation.sidecar(),
        "weights": weights,
        "program": to_plain(key.program, store),
    }
    directory, pieces = pack_arrays({_name(number): array for number, array in enumerate(store.items)})
    return {
        "head": [cbor.dumps(provenance_to_plain(key.provenance))],
        "program": [cbor.dumps(program)],
        "verifying key": [key.verifying_key.data],
        "blindings": [key.weights.blindings],
        "powers": [b"" if key.weights.srs is None else key.weights.srs.points(1 << key.verifying_key.row_bits)],
        "directory": [directory],
        "arrays": pieces,
    }


def load_proving_key(path: AnyPath) -> ProvingKey:
    """Reads what `save_proving_key` wrote; the weights stay on the disk until they are used.

    Raises:
        FileUnavailable, DecodeError: the file cannot be read, is damaged, or is something else.
        ModelProofRejected, WrongModel: the verifying key in it is none, or of another model.
        InvalidPower: a power of tau in it was changed.
        UnknownVersion: it was written by another release.
    """
    return proving_key_in(mapped(Path(path)), path)


def proving_key_in(contents: memoryview, path: AnyPath, kind: FileKind = PROVING_KEY) -> ProvingKey:
    """As `load_proving_key`, of a file whose bytes are in memory, where its weights are used in place.

    Args:
        contents: read-only, or the weights are copied.
        path: what errors call it.
        kind: of the file: a proving key, or one of a segment.
    """
    sections = read_sections(path, contents, kind)
    data = bytes(sections["verifying key"])
    with ThreadPoolExecutor(1) as other:
        # Checking the model proof, and the powers, takes as long as everything else, and runs beside it.
        checked = other.submit(_checked, path, data, sections["powers"])
        try:
            model_id, program, weights = _program(sections, VerifyingKey.relation_bytes(data))
            provenance = provenance_of(cbor.loads(bytes(sections["head"]), max_bytes=MAX_PLAIN_BYTES))
        except InvalidEncoding as error:
            raise InvalidEncoding(f"'{path}' is damaged. {error}", **{**error.fields, "path": str(path)}) from error
        verifying_key, srs = checked.result()
    if model_id != verifying_key.model_id:
        raise WrongModel(
            f"'{path}' has the weights of one model and the verifying key of another. Run setup again.",
            expected=model_id.hex(),
            got=verifying_key.model_id.hex(),
        )
    committed = CommittedWeights(verifying_key, bytes(sections["blindings"]), program.relation, weights, srs)
    return ProvingKey(program, committed, provenance)


def _checked(path: AnyPath, data: bytes, powers: memoryview) -> tuple[VerifyingKey, Srs | None]:
    """The verifying key, and the powers of tau that rows of this key take."""
    verifying_key = VerifyingKey(data)
    tau_g2 = verifying_key.core.tau_g2
    expected = 0 if tau_g2 is None else 64 << verifying_key.row_bits
    if len(powers) != expected:
        raise WrongLength(
            f"'{path}' has {len(powers)} bytes of powers of tau where its rows take {expected}. Run setup again.",
            path=str(path),
            expected=expected,
            got=len(powers),
        )
    if tau_g2 is None:
        return verifying_key, None
    try:
        return verifying_key, Srs.restore(bytes(powers), tau_g2)
    except InvalidPower as error:
        raise InvalidPower(
            f"The powers of tau in '{path}' were changed: {error.place} is not the one of its verifying key. Copy the "
            "file again, or run setup again.",
            path=str(path),
            place=error.place,
        ) from error


def _program(sections: Sections, encoded: bytes) -> tuple[bytes, Program, dict[int, Array]]:
    """The id of their model, the program over the relation `encoded`, the committed integers by tensor index."""
    named = unpack_arrays(sections["directory"], sections["arrays"])
    arrays = list(named.values())
    if list(named) != [_name(number) for number in range(len(arrays))]:
        raise _damaged("directory", "its arrays are not numbered")
    plain = cbor.loads(bytes(sections["program"]), max_bytes=MAX_PLAIN_BYTES)
    match plain:
        case {
            "model": bytes(model_id),
            "names": dict(names),
            "weights": list(references),
            "program": program,
        } if len(plain) == 4:
            relation = Relation.restore(encoded, names, {})
        case _:
            raise _damaged("program", "it has other parts")
    weights = _weights(relation, references, arrays)
    of_column = {
        column: {name: weights[relation.tensor_index(name)] for name in relation.tensors_of(column)}
        for column in _COMMITTED
    }
    relation = replace(relation, fixed=of_column[Column.TABLE])
    return model_id, from_plain(program, arrays, relation, of_column[Column.MODEL]), weights


def _name(number: int) -> str:
    return f"{number:010}"


def _weights(relation: Relation, references: list[Any], arrays: Sequence[Array]) -> dict[int, Array]:
    """The committed integers by tensor index, each a view of the array that its tensor refers to."""
    committed = {index: tensor for index, tensor in enumerate(relation.tensors) if tensor.column in _COMMITTED}
    weights: dict[int, Array] = {}
    for entry in references:
        match entry:
            case [int(index), int(number)] if index in committed and 0 <= number < len(arrays):
                tensor = committed[index]
            case _:
                raise _damaged("weight", "it has integers that belong to no weight")
        if arrays[number].size != tensor.size or arrays[number].dtype.kind != "i":
            raise _damaged("weight", f"weight {index} has other integers than its {tensor.size}")
        weights[index] = arrays[number].reshape(tensor.shape)
    if list(weights) != list(committed) or len(references) != len(committed):
        raise _damaged("weight", "it holds other weights than its verifying key commits to")
    return weights


def provenance_to_plain(provenance: Provenance) -> dict[str, Any]:
    """Plain data for CBOR."""
    return {
        "name": provenance.name,
        "operators": [[name, count] for name, count in provenance.operators.items()],
        "notes": list(provenance.notes),
        "parameters": provenance.parameters,
        "options": encode_options(provenance.options),
        "accuracy": encode_accuracy(provenance.accuracy),
    }


def provenance_of(head: Any) -> Provenance:
    """The inverse of `provenance_to_plain`. Raises `InvalidEncoding`."""
    match head:
        case {
            "name": str(name),
            "operators": list(operators),
            "notes": list(notes),
            "parameters": int(parameters),
            "options": options,
            "accuracy": accuracy,
        } if len(head) == 6 and all(isinstance(note, str) for note in notes):
            return Provenance(
                name,
                dict(_operator(entry) for entry in operators),
                tuple(notes),
                parameters,
                decode_options(options),
                decode_accuracy(accuracy),
            )
    raise _damaged("head", "its description is of another form")


def _operator(entry: Any) -> tuple[str, int]:
    match entry:
        case [str(name), int(count)]:
            return name, count
    raise _damaged("head", "it counts something else than operators")


def _damaged(reason: str, what: str) -> InvalidEncoding:
    return InvalidEncoding(f"This is no proving key: {what}. Run setup again.", reason=reason)
