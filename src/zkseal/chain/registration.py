"""Registration of a model: two programs stored as code, a model proof, an entry in the registry.

Every step is looked up on the chain before it is taken, so that a run which was interrupted is simply run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Connection
from zkseal.chain.contracts import artifact
from zkseal.chain.encoding import PROOF_SYSTEM_ID
from zkseal.chain.transactions import settle, transact
from zkseal.errors import NotDeployed, TransactionReverted
from zkseal.evm.programs import Programs, programs
from zkseal.proving import VerifyingKey
from zkseal.proving.core import native, running

__all__ = ["Checked", "Registered", "check", "is_registered", "register"]

NOBODY = "0x" + "00" * 20
REGISTRY = "ModelRegistry"


@dataclass(frozen=True)
class Registered:
    """A registered model. `gas_used` by step; steps that were taken before are missing."""

    model_id: int
    owner: str
    version: int
    gas_used: Mapping[str, int] = field(default_factory=dict)


def register(
    connection: Connection,
    signer: Signer,
    registry: str,
    verifying_key: VerifyingKey,
    *,
    uri: str = "",
    successor_of: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Registered:
    """Registers a model in favour of the signer's account, or finds that it is.

    Args:
        registry: address of the ModelRegistry.
        uri: where people read about the model; not part of its id.
        successor_of: id of the latest version of a family that the account owns; a family of its own if left out.

    Raises:
        NotForChain, GasCapExceeded: the key is not for a chain, or its programs are too long.
        TransactionReverted: `ModelAlreadyProved` if somebody else took the id; see contracts/src/ModelRegistry.sol.
        ChainError: see `transactions.send`.
    """
    made = programs(verifying_key)
    settle(connection, signer.address)
    registration = _Registration(connection, signer, registry, made, progress, {})
    if not is_registered(connection, registry, made.model_id):
        registration.store("verifying program", made.program)
        registration.store("model program", made.model_program)
        registration.prove(verifying_key)
        registration.enter(uri, successor_of)
    _, _, owner = connection.call(REGISTRY, registry, "getModel", made.model_id)
    status = connection.call(REGISTRY, registry, "statusOf", made.model_id)
    return Registered(made.model_id, owner, int(status[1]), registration.gas_used)


@dataclass(frozen=True)
class Checked:
    """A registered model whose code on the chain is what its verifying key makes."""

    model_id: int
    owner: str
    version: int
    minimum_version: int
    deprecated: bool
    any_setup: bool


def check(connection: Connection, registry: str, verifying_key: VerifyingKey) -> Checked:
    """Makes a model's programs from its verifying key and compares them with the chain: for whoever relies on its id.

    A program that somebody made up can accept anything under its own id, and a registry that somebody made up can
    answer anything. Compared are the model's id, the code that the registry holds for it, and, to the last byte, the
    codes of the registry and of the contract that verifies proofs.

    Raises:
        NotForChain: the key was not made for a chain.
        NotDeployed: the registry, its verifier, or the model's program, is other code than this release's.
        TransactionReverted: `ModelNotFound` if the registry does not know the model.
    """
    made = programs(verifying_key)
    program, version, minimum, deprecated = connection.call(REGISTRY, registry, "statusOf", made.model_id)
    _, _, owner = connection.call(REGISTRY, registry, "getModel", made.model_id)
    verifier = connection.call(REGISTRY, registry, "verifier")
    any_setup = bool(connection.call(REGISTRY, registry, "anySetup"))
    for what, address, code in (
        ("verifying program", program, made.program),
        ("ZksealVerifier", verifier, connection.code_made_by(artifact("ZksealVerifier").creation())),
        (REGISTRY, registry, connection.code_made_by(artifact(REGISTRY).creation(verifier, any_setup))),
    ):
        if not code or connection.code(address) != code:
            raise NotDeployed(
                f"The {what} at {address} is not the code of this release. Do not rely on this registry before you "
                "know why.",
                contract=what,
                chain_id=connection.chain_id,
            )
    return Checked(made.model_id, owner, int(version), int(minimum), bool(deprecated), any_setup)


def is_registered(connection: Connection, registry: str, model_id: int) -> bool:
    """Whether a registry knows a model, deprecated or not."""
    try:
        connection.call(REGISTRY, registry, "statusOf", model_id)
    except TransactionReverted as error:
        if error.error == "ModelNotFound":
            return False
        raise
    return True


@dataclass(frozen=True)
class _Registration:
    """The steps, each skipped if the chain shows that it was taken."""

    connection: Connection
    signer: Signer
    registry: str
    made: Programs
    progress: Callable[[str], None] | None
    gas_used: dict[str, int]

    def store(self, what: str, program: bytes) -> None:
        """Stores a program as code."""
        program_hash = self.made.program_hash if program == self.made.program else self.made.model_program_hash
        if self._read("programAt", program_hash) == NOBODY:
            self._send(f"store {what}", "storeProgram", program)

    def prove(self, verifying_key: VerifyingKey) -> None:
        """Submits the model proof."""
        if self._read("proverOf", self.made.model_id) == self.signer.address:
            return
        with running("converting a model proof"):
            proof = native().chain_model_proof(verifying_key.core)
        self._send("prove model", "proveModel", self.made.program_hash, self.made.model_program_hash, proof)

    def enter(self, uri: str, successor_of: int | None) -> None:
        """Makes the entry."""
        model_id = self.made.model_id.to_bytes(32, "big")
        commitment = (self.made.model_program_hash, self.made.program_hash, model_id, PROOF_SYSTEM_ID, uri)
        if successor_of is None:
            self._send("register", "registerModel", commitment)
        else:
            self._send("register", "updateModel", successor_of, commitment)

    def _read(self, function: str, *arguments: Any) -> Any:
        return self.connection.call(REGISTRY, self.registry, function, *arguments)

    def _send(self, step: str, function: str, *arguments: Any) -> None:
        if self.progress is not None:
            self.progress(step)
        receipt = transact(self.connection, self.signer, REGISTRY, self.registry, function, *arguments)
        self.gas_used[step] = receipt["gasUsed"]
