"""The statement: everything public that a receipt asserts.

A model reads input tensors and writes output tensors. Each is either public, and then the statement holds its values,
or private, and then the statement holds the commitments of the whole input (or output) column. A side may hold both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidEncoding, UnknownVersion, WrongLength
from zkseal.receipts import cbor

__all__ = ["MAX_CONTEXT_BYTES", "STATEMENT_VERSION", "Side", "Statement"]

STATEMENT_VERSION = 1
MAX_CONTEXT_BYTES = 1 << 16
MAX_TENSORS = 1 << 16
MODEL_ID_BYTES = 32
COMMITMENT_BYTES = 32
VALUE_BYTES = 8

_KEYS = ("context", "input", "model", "output", "version")
_SIDE_KEYS = ("commitments", "values")


@dataclass(frozen=True)
class Side:
    """Input or output of a statement.

    Attributes:
        values: for each public tensor, by its index in the relation, its integers in row-major order, each as 8 bytes,
            big-endian, two's complement: the same bytes that the transcript absorbs.
        commitments: compressed points, 32 bytes each, of the private tensors' column; in order of its rows.
    """

    values: Mapping[int, bytes] = field(default_factory=dict)
    commitments: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        for index, data in self.values.items():
            if not 0 <= index < 1 << 32:
                raise InvalidEncoding(f"{index} is no tensor index.", reason="tensor index")
            if not data or len(data) % VALUE_BYTES:
                raise WrongLength(
                    f"The values of tensor {index} take {len(data)} bytes, which is no positive multiple of 8.",
                    expected=VALUE_BYTES,
                    got=len(data),
                )
        for commitment in self.commitments:
            _exact(commitment, COMMITMENT_BYTES, "a commitment")

    @staticmethod
    def of(values: Mapping[int, npt.NDArray[Any]], commitments: tuple[bytes, ...] = ()) -> Side:
        """A side from integer arrays of any shape by tensor index."""
        return Side({index: np.asarray(array).astype(">i8").tobytes() for index, array in values.items()}, commitments)

    def arrays(self) -> dict[int, npt.NDArray[np.int64]]:
        """The public integers by tensor index, each flat; the relation knows the shapes."""
        return {index: np.frombuffer(data, ">i8").astype(np.int64) for index, data in self.values.items()}

    def _encode(self) -> dict[str, Any]:
        values = [[index, self.values[index]] for index in sorted(self.values)]
        return {"commitments": list(self.commitments), "values": values}

    @staticmethod
    def _decode(value: Any) -> Side:
        entries = exact_map(value, _SIDE_KEYS, "a side of the statement")
        values: dict[int, bytes] = {}
        pairs = typed(entries["values"], list, "values")
        if len(pairs) > MAX_TENSORS:
            raise InvalidEncoding("A side has more public tensors than a relation may have.", reason="values")
        last = -1
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2:
                raise InvalidEncoding("A public tensor is not a pair of index and values.", reason="values")
            index, data = typed(pair[0], int, "tensor index"), typed(pair[1], bytes, "values")
            if index <= last:
                raise InvalidEncoding("Public tensors are repeated or out of order.", reason="tensor order")
            values[index] = data
            last = index
        commitments = typed(entries["commitments"], list, "commitments")
        return Side(values, tuple(typed(commitment, bytes, "a commitment") for commitment in commitments))

    def to_json(self) -> dict[str, Any]:
        """JSON view: integers by tensor index, commitments in hexadecimal."""
        return {
            "values": {str(index): array.tolist() for index, array in sorted(self.arrays().items())},
            "commitments": [commitment.hex() for commitment in self.commitments],
        }


@dataclass(frozen=True)
class Statement:
    """What is asserted: the model `model_id` maps this input to this output, said for `context`.

    Attributes:
        model_id: digest of the verifying key, 32 bytes (docs/protocol/6-opening.md).
        context: the caller's bytes, at most 65536: what this receipt is for. It is worthless for anything else.
    """

    model_id: bytes
    input: Side
    output: Side
    context: bytes = b""

    def __post_init__(self) -> None:
        _exact(self.model_id, MODEL_ID_BYTES, "the model id")
        if len(self.context) > MAX_CONTEXT_BYTES:
            raise WrongLength(
                f"The context has {len(self.context)} bytes; at most {MAX_CONTEXT_BYTES} are allowed. Hash it first.",
                expected=MAX_CONTEXT_BYTES,
                got=len(self.context),
            )

    def encode(self) -> dict[str, Any]:
        """The statement as a map of deterministic CBOR."""
        return {
            "version": STATEMENT_VERSION,
            "model": self.model_id,
            "input": self.input._encode(),
            "output": self.output._encode(),
            "context": self.context,
        }

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the encoding: what enclaves sign, and what the proof of each segment is bound to."""
        return hashlib.sha256(cbor.dumps(self.encode())).digest()

    @staticmethod
    def decode(value: Any) -> Statement:
        """The inverse of `encode`; refuses everything that `encode` does not write."""
        version = value.get("version") if isinstance(value, dict) else None
        if isinstance(version, int) and version != STATEMENT_VERSION:
            raise UnknownVersion(
                f"Statement version {version} is not known to this release, which reads {STATEMENT_VERSION}.",
                got=version,
                expected=STATEMENT_VERSION,
            )
        entries = exact_map(value, _KEYS, "a statement")
        typed(entries["version"], int, "version")
        return Statement(
            model_id=typed(entries["model"], bytes, "model"),
            input=Side._decode(entries["input"]),
            output=Side._decode(entries["output"]),
            context=typed(entries["context"], bytes, "context"),
        )

    def to_json(self) -> dict[str, Any]:
        """JSON view, for people and logs; the authority is the CBOR."""
        return {
            "version": STATEMENT_VERSION,
            "model": self.model_id.hex(),
            "input": self.input.to_json(),
            "output": self.output.to_json(),
            "context": self.context.hex(),
        }


def exact_map(value: Any, keys: tuple[str, ...], what: str) -> dict[str, Any]:
    """`value`, if it is a map with exactly these keys."""
    if not isinstance(value, dict):
        raise InvalidEncoding(f"{what.capitalize()} is not a map.", reason="not a map")
    missing, unknown = sorted(set(keys) - set(value)), sorted(set(value) - set(keys))
    if missing or unknown:
        raise InvalidEncoding(
            f"{what.capitalize()} has the wrong keys: missing {missing}, unknown {unknown}.",
            reason="keys",
            missing=missing,
            unknown=unknown,
        )
    return value


def typed(value: Any, kind: type[Any], what: str) -> Any:
    """`value`, if it is of exactly this kind (a bool is no int)."""
    if type(value) is not kind:
        raise InvalidEncoding(f"{what.capitalize()} is not of the type {kind.__name__}.", reason="type")
    return value


def _exact(data: bytes, length: int, what: str) -> None:
    if len(data) != length:
        raise WrongLength(
            f"{what.capitalize()} has {len(data)} bytes instead of {length}.", expected=length, got=len(data)
        )
