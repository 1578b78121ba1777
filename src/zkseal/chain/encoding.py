"""Evidence as contracts take it, beside what it is about: statements and public values (`zkseal.evm`).

Source: contracts/README.md ("The statement"), contracts/src/lib/StatementLib.sol.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_abi.abi import encode

from zkseal.evm.abi import keccak256
from zkseal.evm.statement import Statement, decode_public_values, model_id_of, oracle_subject, public_values

__all__ = [
    "PROOF_SYSTEM_ID",
    "Evidence",
    "Statement",
    "decode_public_values",
    "model_id_of",
    "oracle_subject",
    "public_values",
]

PROOF_SYSTEM_ID = keccak256(b"zkseal-mercury-bn254-v1")[:4]
"""ERC-7992's name of the proof system."""

_EVIDENCE = "(bytes32,uint256,uint256,bytes,bytes)"


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
