"""What a data provider signs for the CreditScore contract (EIP-712): whose data are behind a commitment, and how long
they count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from zkseal.chain.accounts import Signer

__all__ = ["CreditData"]

_FIELDS = (("borrower", "address"), ("inputCommitment", "bytes32"), ("subjectId", "bytes32"), ("expiry", "uint64"))
_TYPE = f"CreditData({','.join(f'{kind} {name}' for name, kind in _FIELDS)})"
_DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_NAME, _VERSION = "zkseal CreditScore", "1"


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
        domain = [keccak(text=_DOMAIN), keccak(text=_NAME), keccak(text=_VERSION), chain_id, credit_score]
        separator = keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], domain))
        fields = encode(["bytes32", *(kind for _, kind in _FIELDS)], [keccak(text=_TYPE), *self.parts])
        return keccak(b"\x19\x01" + separator + keccak(fields))

    def sign(self, provider: Signer, chain_id: int, credit_score: str) -> bytes:
        """The provider's signature, 65 bytes."""
        domain = {"name": _NAME, "version": _VERSION, "chainId": chain_id, "verifyingContract": credit_score}
        types: dict[str, Any] = {"CreditData": [{"name": name, "type": kind} for name, kind in _FIELDS]}
        message = dict(zip((name for name, _ in _FIELDS), self.parts, strict=True))
        return bytes(provider.account.sign_typed_data(domain, types, message).signature)
