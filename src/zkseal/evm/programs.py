"""The two programs that stand for a model on a chain, made from its verifying key by the core."""

from __future__ import annotations

from dataclasses import dataclass, field

from zkseal.errors import GasCapExceeded, NotForChain
from zkseal.evm.abi import keccak256
from zkseal.evm.statement import model_id_of
from zkseal.proving import VerifyingKey
from zkseal.proving.core import native, running

__all__ = ["PROGRAM_BYTES_CAP", "Programs", "programs", "require_kzg"]

PROGRAM_BYTES_CAP = 24_576
"""Most bytes of a program, which is code (EIP-170)."""


@dataclass(frozen=True)
class Programs:
    """What a registry stores as code.

    Attributes:
        program: checks inferences.
        model_program: checks once that the committed model is well formed.
    """

    program: bytes = field(repr=False)
    model_program: bytes = field(repr=False)

    @property
    def program_hash(self) -> bytes:
        """keccak256 of the verifying program; ERC-7992's circuitHash."""
        return keccak256(self.program)

    @property
    def model_program_hash(self) -> bytes:
        """keccak256 of the model program; ERC-7992's modelHash."""
        return keccak256(self.model_program)

    @property
    def model_id(self) -> int:
        """The id of the model in every registry, on every chain."""
        return model_id_of(self.program, self.model_program)


def programs(verifying_key: VerifyingKey) -> Programs:
    """The programs of a model.

    Raises:
        NotForChain: the key was not made for a chain.
        GasCapExceeded: a program is longer than code may be.
    """
    require_kzg(verifying_key)
    with running("making verifying programs"):
        made = [native().chain_program(verifying_key.core, model) for model in (False, True)]
    for what, program in zip(("verifying program", "model program"), made, strict=True):
        if len(program) > PROGRAM_BYTES_CAP:
            raise GasCapExceeded(
                f"The {what} of this model has {len(program):,} bytes; a contract's code holds {PROGRAM_BYTES_CAP:,}. "
                "Prove a smaller model, or one with longer rows (zkseal setup --row-bits).",
                what=what,
                got=len(program),
                cap=PROGRAM_BYTES_CAP,
            )
    return Programs(*made)


def require_kzg(verifying_key: VerifyingKey) -> None:
    """Raises `NotForChain` unless the key's proofs can be verified on a chain."""
    if verifying_key.core.opening != "kzg":
        raise NotForChain(
            "This key proves with the opening 'ipa', which no contract verifies. Make keys for a chain: "
            "zkseal setup model.zkc --opening kzg --srs FILE",
            reason="opening",
        )
