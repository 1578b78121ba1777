"""Predict the gas of a model on a chain, from its key, before anything is proved or paid.

By item, under the prices of each hard fork. Ends with an error if a transaction would need more gas than one may use.

example: zkseal chain gas model.zkv
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from zkseal import files
from zkseal.cli.console import Console, bytes_text
from zkseal.proving import VerifyingKey

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("key", type=Path, metavar="KEY", help="a verifying key (.zkv) or proving key (.zkp)")
    parser.add_argument("--fork", choices=("cancun", "prague", "osaka"), help="hard fork (default: all three)")


def run(options: argparse.Namespace, console: Console) -> None:
    """Predicts, prints, and refuses what cannot be sent."""
    from zkseal.chain.gas import FORKS, predict_gas
    from zkseal.chain.transactions import TRANSACTION_GAS_CAP

    forks = FORKS if options.fork is None else (options.fork,)
    key = _verifying_key(options.key)
    predictions = [predict_gas(key, fork) for fork in forks]
    for prediction in predictions:
        prediction.require_fitting()
    for what, items in (
        ("inference", [prediction.inference for prediction in predictions]),
        ("model proof, once", [prediction.model_proof for prediction in predictions]),
    ):
        console.table([what, *forks], _rows(items))
    console.result(
        {
            "gas": {p.fork: {"inference": dict(p.inference), "model_proof": dict(p.model_proof)} for p in predictions},
            "program_bytes": predictions[0].program_bytes,
            "transaction_gas_cap": TRANSACTION_GAS_CAP,
        },
        [f"stored once: {bytes_text(predictions[0].program_bytes)} of programs, 200 gas a byte"],
    )


def _verifying_key(path: Path) -> VerifyingKey:
    kind = files.identify(path, files.KINDS)
    if kind.code == files.PROVING_KEY.code:
        return files.load_proving_key(path).verifying_key
    return files.load_verifying_key(path)


def _rows(predictions: list[Mapping[str, int]]) -> list[list[str]]:
    """One row an item, the total last."""
    names = sorted({name for items in predictions for name in items}, key=lambda name: name == "total")
    return [[name, *(f"{items.get(name, 0):,}" for items in predictions)] for name in names]
