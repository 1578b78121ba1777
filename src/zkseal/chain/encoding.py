"""What contracts and provers have to agree on byte for byte: public values, evidence, statement hashes, model ids.

Source: contracts/README.md ("The statement"), contracts/src/lib/StatementLib.sol, contracts/src/ModelRegistry.sol.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.crypto import keccak

from zkseal.errors import NotForChain

__all__ = [
    "PROOF_SYSTEM_ID",
    "Evidence",
    "Statement",
    "decode_public_values",
    "model_id_of",
    "oracle_subject",
    "public_values",
]

DOMAIN = keccak(text="zkseal chain statement v1")
PROOF_SYSTEM_ID = keccak(text="zkseal-mercury-bn254-v1")[:4]
"""ERC-7992's name of the proof system."""

_EVIDENCE = "(bytes32,uint256,uint256,bytes,bytes)"


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
        context = keccak(encode(["address", "bytes32"], [self.consumer, self.subject]))
        kinds = ["bytes32", "uint256", "address", "uint256", "bytes32", "bytes32", "bytes32", "uint256", "uint256"]
        values = [
            DOMAIN,
            self.chain_id,
            self.verifier,
            self.model_id,
            self.input_commitment,
            keccak(self.output),
            context,
            self.nonce,
            self.deadline,
        ]
        return keccak(encode(kinds, values))


@dataclass(frozen=True)
class Evidence:
    """All that goes with a model id and public values to make a proved inference. Fields as in `Statement`."""

    subject: bytes
    nonce: int
    deadline: int
    commitments: bytes = field(repr=False)
    proof: bytes = field(repr=False)

    @property
    def parts(self) -> tuple[bytes, int, int, bytes, bytes]:
        """The fields in the order of the Solidity struct."""
        return self.subject, self.nonce, self.deadline, self.commitments, self.proof

    def encode(self) -> bytes:
        """abi.encode(Evidence): the `proof` argument of ERC-7992's functions."""
        return encode([_EVIDENCE], [self.parts])


def public_values(integers: Iterable[int] | npt.NDArray[Any]) -> bytes:
    """abi.encode(int64[]) of public integers in order; no bytes for none, as the proof verifier takes them.

    Raises:
        NotForChain: a value is outside 64 bits.
    """
    values = [int(value) for value in np.asarray(integers).reshape(-1)] if not isinstance(integers, list) else integers
    if not values:
        return b""
    try:
        return encode(["int64[]"], [values])
    except EncodingError as error:
        raise NotForChain(
            "A public value is not an integer of 64 bits, which is what contracts take.", reason="public value"
        ) from error


def decode_public_values(data: bytes) -> list[int]:
    """The integers of `public_values`.

    Raises:
        NotForChain: the bytes are not what `public_values` writes.
    """
    if not data:
        return []
    try:
        values = [int(value) for value in decode(["int64[]"], data)[0]]
    except (DecodingError, OverflowError):
        values = []
    if public_values(values) != data:
        raise NotForChain("Public values are not in the encoding abi.encode(int64[]).", reason="encoding")
    return values


def model_id_of(program: bytes, model_program: bytes) -> int:
    """The id under which a registry knows the model of these two programs."""
    hashes = [keccak(program), keccak(model_program)]
    return int.from_bytes(keccak(encode(["string", "bytes32", "bytes32"], ["zkseal chain model v1", *hashes])), "big")


def oracle_subject(request_id: int, payee: str) -> bytes:
    """The subject of a proof that answers a request to the InferenceOracle in favour of `payee`."""
    return keccak(encode(["string", "uint256", "address"], ["zkseal oracle answer v1", request_id, payee]))
