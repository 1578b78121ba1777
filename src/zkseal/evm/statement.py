"""What an inference says on a chain, and for whom: statement hashes, public values, ids of models.

Source: contracts/README.md ("The statement"), contracts/src/lib/StatementLib.sol, contracts/src/ModelRegistry.sol.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal import receipts
from zkseal.errors import NotForChain
from zkseal.evm.abi import WORD_BYTES, encode, keccak256, word
from zkseal.proving.core import native, running

__all__ = [
    "Statement",
    "commitments_of",
    "decode_public_values",
    "model_id_of",
    "oracle_subject",
    "public_values",
    "public_values_of",
]

DOMAIN_TEXT = b"zkseal chain statement v1"


@dataclass(frozen=True)
class Statement:
    """What an inference proof says on a chain, and for whom.

    Attributes:
        chain_id: EIP-155 id.
        verifier: address of the InferenceVerifier.
        model_id: id of the registered model.
        input_commitment: keccak256 of the commitments, 64 bytes each, input rows then output rows.
        output: public values, `public_values`.
        consumer: who calls the InferenceVerifier: an account, or a contract.
        subject: what the consumer uses the inference for; 32 bytes whose meaning is the consumer's.
        nonce: makes two statements about the same inference differ.
        deadline: last second (Unix time) at which it is accepted.
    """

    chain_id: int
    verifier: str
    model_id: int
    input_commitment: bytes
    output: bytes = field(repr=False)
    consumer: str
    subject: bytes
    nonce: int
    deadline: int

    @property
    def hash(self) -> bytes:
        """The 32 bytes that the proof binds as its context."""
        context = keccak256(encode(["address", "bytes32"], [self.consumer, self.subject]))
        kinds = ["bytes32", "uint256", "address", "uint256", "bytes32", "bytes32", "bytes32", "uint256", "uint256"]
        values = [
            keccak256(DOMAIN_TEXT),
            self.chain_id,
            self.verifier,
            self.model_id,
            self.input_commitment,
            keccak256(self.output),
            context,
            self.nonce,
            self.deadline,
        ]
        return keccak256(encode(kinds, values))


def oracle_subject(request_id: int, payee: str) -> bytes:
    """The subject of a proof that answers a request to the InferenceOracle in favour of `payee`."""
    return keccak256(encode(["string", "uint256", "address"], ["zkseal oracle answer v1", request_id, payee]))


def model_id_of(program: bytes, model_program: bytes) -> int:
    """The id under which a registry knows the model of these two programs."""
    hashes = [keccak256(program), keccak256(model_program)]
    encoded = encode(["string", "bytes32", "bytes32"], ["zkseal chain model v1", *hashes])
    return int.from_bytes(keccak256(encoded), "big")


def public_values(integers: Iterable[int] | npt.NDArray[Any]) -> bytes:
    """abi.encode(int64[]) of public integers in order; no bytes for none, as the proof verifier takes them.

    Raises:
        NotForChain: a value is outside 64 bits.
    """
    values = [int(value) for value in np.asarray(integers).reshape(-1)] if not isinstance(integers, list) else integers
    return encode(["int64[]"], [values]) if values else b""


def decode_public_values(data: bytes) -> list[int]:
    """The integers of `public_values`.

    Raises:
        NotForChain: the bytes are not what `public_values` writes.
    """
    words = [data[at : at + WORD_BYTES] for at in range(0, len(data), WORD_BYTES)]
    if not words:
        return []
    values = [int.from_bytes(each, "big", signed=True) for each in words[2:]]
    right = len(data) % WORD_BYTES == 0 and bool(values) and words[:2] == [word(WORD_BYTES), word(len(values))]
    if not right or any(not -(1 << 63) <= value < 1 << 63 for value in values):
        raise NotForChain("Public values are not in the encoding abi.encode(int64[]).", reason="encoding")
    return values


def public_values_of(statement: receipts.Statement) -> bytes:
    """The public values of a receipt's statement as contracts take them: of all public tensors, in their order."""
    arrays = {**statement.input.arrays(), **statement.output.arrays()}
    return public_values([int(value) for _, array in sorted(arrays.items()) for value in array])


def commitments_of(statement: receipts.Statement) -> bytes:
    """Its commitments as contracts take them: 64 bytes each, input rows then output rows; empty if all is public."""
    points = [*statement.input.commitments, *statement.output.commitments]
    if not points:
        return b""
    with running("converting commitments"):
        return bytes(native().chain_commitments(points))
