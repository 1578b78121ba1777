"""What an enclave is asked for the oracle, and the 32 bytes that it signs for its answer.

The question has no digest and no output in it: the enclave computes both, from these fields and from what it ran.
contracts/src/InferenceOracle.sol computes the same from the request that it holds, and takes nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zkseal import receipts
from zkseal.errors import InvalidEncoding
from zkseal.evm.abi import ADDRESS_BYTES, WORD_BYTES, address_bytes, keccak256, word
from zkseal.evm.statement import Statement, commitments_of, oracle_subject, public_values_of
from zkseal.evm.typed_data import Domain, Struct
from zkseal.proving import Opening

__all__ = ["LOCAL_CHAINS", "AttestedAnswer", "OracleQuestion", "answer_digest", "registry_domain"]

LOCAL_CHAINS = frozenset({1337, 31337})
"""Chains on a developer's machine (ganache and geth --dev, anvil and hardhat)."""

_ANSWER = Struct("AttestedAnswer", (("stmt", "bytes32"),))
_ADDRESSES = ("registry", "oracle", "verifier", "payee")
_WORDS = ("chain_id", "model_id", "request_id", "deadline")


@dataclass(frozen=True)
class OracleQuestion:
    """A request to the oracle, as far as an answer's statement names it.

    Attributes:
        chain_id: EIP-155 id.
        registry: address of the AttestedKeyRegistry, for which the answer is signed.
        oracle, verifier: addresses of the InferenceOracle and its InferenceVerifier.
        model_id: of the registered model that has to answer.
        request_id: of the request.
        payee: who earns the fee.
        deadline: of the statement, Unix seconds: the request's, and its window for a proof if it has one.
        input_commitment: that the answer has to have; zeros for any.
    """

    chain_id: int
    registry: str
    oracle: str
    verifier: str
    model_id: int
    request_id: int
    payee: str
    deadline: int
    input_commitment: bytes = bytes(WORD_BYTES)

    def __post_init__(self) -> None:
        """Raises `NotForChain` for what is no address and no number of a contract."""
        for name in _ADDRESSES:
            address_bytes(getattr(self, name))
        for name in _WORDS:
            word(getattr(self, name), 64 if name in ("chain_id", "deadline") else 256)
        if len(self.input_commitment) != WORD_BYTES:
            raise InvalidEncoding("An input commitment has 32 bytes.", reason="input commitment")

    def statement(self, ran: receipts.Statement) -> Statement:
        """What an answer says that was computed so: nothing of it is the asker's but what is in this question."""
        return Statement(
            chain_id=self.chain_id,
            verifier=self.verifier,
            model_id=self.model_id,
            input_commitment=keccak256(commitments_of(ran)),
            output=public_values_of(ran),
            consumer=self.oracle,
            subject=oracle_subject(self.request_id, self.payee),
            nonce=self.request_id,
            deadline=self.deadline,
        )

    def to_plain(self) -> dict[str, bytes]:
        """For CBOR: addresses of 20 bytes, numbers of 32."""
        addresses = {name: address_bytes(getattr(self, name)) for name in _ADDRESSES}
        words = {name: word(getattr(self, name)) for name in _WORDS}
        return {**addresses, **words, "input_commitment": self.input_commitment}

    @staticmethod
    def from_plain(plain: Any) -> OracleQuestion:
        """The inverse of `to_plain`. Raises: DecodeError: it is none. NotForChain: as the constructor."""
        sizes = dict.fromkeys(_ADDRESSES, ADDRESS_BYTES) | dict.fromkeys((*_WORDS, "input_commitment"), WORD_BYTES)
        if not isinstance(plain, dict) or set(plain) != set(sizes):
            raise InvalidEncoding("A question for the oracle has other entries.", reason="question")
        if any(not isinstance(plain[name], bytes) or len(plain[name]) != size for name, size in sizes.items()):
            raise InvalidEncoding("An entry of a question for the oracle has another size.", reason="question")
        fields: dict[str, Any] = {name: f"0x{plain[name].hex()}" for name in _ADDRESSES}
        fields |= {name: int.from_bytes(plain[name], "big") for name in _WORDS}
        return OracleQuestion(**fields, input_commitment=plain["input_commitment"])


@dataclass(frozen=True, eq=False)
class AttestedAnswer:
    """An enclave's answer to a question.

    Attributes:
        ran: statement of the run: public values and commitments.
        opening: of the commitments: a secret, and what a proof of the same statement takes.
        signature: 65 bytes, r, s, v.
        public_key: secp256k1 key that the evidence vouched for, 33 bytes.
    """

    ran: receipts.Statement
    opening: Opening = field(repr=False)
    signature: bytes
    public_key: bytes


def registry_domain(chain_id: int, registry: str) -> Domain:
    """What signatures for a registry of keys are for."""
    return Domain("zkseal AttestedKeyRegistry", "1", chain_id, registry)


def answer_digest(statement: Statement, registry: str) -> bytes:
    """The 32 bytes that an enclave signs for an answer.

    Args:
        registry: address of the AttestedKeyRegistry.
    """
    return _ANSWER.digest(registry_domain(statement.chain_id, registry), (statement.hash,))
