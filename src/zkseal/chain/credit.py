"""What a data provider signs for the CreditScore contract (EIP-712): whose data are behind a commitment, and how long
they count."""

from __future__ import annotations

from dataclasses import dataclass

from zkseal.chain.accounts import Signer
from zkseal.chain.typed_data import sign
from zkseal.evm.typed_data import Domain, Struct

__all__ = ["CreditData"]

_STRUCT = Struct(
    "CreditData",
    (("borrower", "address"), ("inputCommitment", "bytes32"), ("subjectId", "bytes32"), ("expiry", "uint64")),
)


@dataclass(frozen=True)
class CreditData:
    """A provider's word about a borrower's data.

    Attributes:
        borrower: account that may use the data.
        input_commitment: keccak256 of the commitments, which the provider has checked (`inference.check_commitment`).
        subject_id: 32 bytes that stand for the person or firm, the same for all its accounts. Seen on the chain: derive
            it with a secret key, never as a plain hash of a name or number.
        expiry: last second (Unix time) at which the data count.
    """

    borrower: str
    input_commitment: bytes
    subject_id: bytes
    expiry: int

    @property
    def parts(self) -> tuple[str, bytes, bytes, int]:
        """The fields in the order of the Solidity struct."""
        return self.borrower, self.input_commitment, self.subject_id, self.expiry

    def digest(self, chain_id: int, credit_score: str) -> bytes:
        """The 32 bytes that are signed; also the subject of the proof that goes with the data.

        Args:
            credit_score: address of the CreditScore.
        """
        return _STRUCT.digest(_domain(chain_id, credit_score), self.parts)

    def sign(self, provider: Signer, chain_id: int, credit_score: str) -> bytes:
        """The provider's signature, 65 bytes."""
        return sign(_STRUCT, provider, _domain(chain_id, credit_score), self.parts)


def _domain(chain_id: int, credit_score: str) -> Domain:
    return Domain("zkseal CreditScore", "1", chain_id, credit_score)
