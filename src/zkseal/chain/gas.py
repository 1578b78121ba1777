"""Gas of a model on a chain, predicted from its verifying key before anything is proved or paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from zkseal.chain.transactions import TRANSACTION_GAS_CAP
from zkseal.errors import GasCapExceeded
from zkseal.evm.programs import programs, require_kzg
from zkseal.proving import VerifyingKey
from zkseal.proving.core import native, running

__all__ = ["FORKS", "Fork", "GasPrediction", "predict_gas"]

Fork = Literal["cancun", "prague", "osaka"]

FORKS: tuple[Fork, ...] = ("cancun", "prague", "osaka")
"""Hard forks whose prices are known, the newest last."""

TOTAL = "total"


@dataclass(frozen=True)
class GasPrediction:
    """Gas by item, with "total".

    Attributes:
        inference: one transaction with the proof of an inference.
        model_proof: the transaction that proves the model, once.
        program_bytes: what is stored as code, once: both programs.
    """

    fork: Fork
    inference: Mapping[str, int]
    model_proof: Mapping[str, int]
    program_bytes: int

    def require_fitting(self) -> None:
        """Raises `GasCapExceeded` if a transaction would need more gas than one may use."""
        for what, items in (("an inference", self.inference), ("the model proof", self.model_proof)):
            if items[TOTAL] > TRANSACTION_GAS_CAP:
                most = max((name for name in items if name != TOTAL), key=lambda name: items[name])
                raise GasCapExceeded(
                    f"Verifying {what} would take {items[TOTAL]:,} gas; a transaction may use {TRANSACTION_GAS_CAP:,}."
                    f" Most goes to '{most}' ({items[most]:,}). Longer rows (zkseal setup --row-bits) or a smaller "
                    "model need less.",
                    what=what,
                    got=items[TOTAL],
                    cap=TRANSACTION_GAS_CAP,
                )


def predict_gas(verifying_key: VerifyingKey, fork: Fork = "osaka") -> GasPrediction:
    """Predicts gas under the prices of a hard fork.

    Raises:
        NotForChain: the key was not made for a chain.
        GasCapExceeded: its programs are longer than code may be.
    """
    require_kzg(verifying_key)
    with running("predicting gas"):
        inference, model = (dict(native().chain_gas(verifying_key.core, m, fork)) for m in (False, True))
    made = programs(verifying_key)
    return GasPrediction(fork, inference, model, len(made.program) + len(made.model_program))
