"""Show what the commitments of a receipt hold, with the opening that its owner kept.

The receipt is verified too: what is printed is what the proof is about.

example: zkseal open visit.zkr visit.zko model.zkv --context "visit 12"
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal import files
from zkseal.cli.commands.contexts import add_context, context_of
from zkseal.cli.console import Console, plain_numbers
from zkseal.cli.setups import add_insecure_srs, origin_lines
from zkseal.pipeline import check_opening, verify
from zkseal.pipeline.inspect import describe_scheme

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("receipt", type=Path, metavar="receipt.zkr")
    parser.add_argument("opening", type=Path, metavar="receipt.zko")
    parser.add_argument("verifying_key", type=Path, metavar="model.zkv")
    add_context(parser)
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Verifies the receipt, checks the opening and prints what it opens."""
    receipt = files.load_receipt(options.receipt)
    key = files.load_any_verifying_key(options.verifying_key)
    proved = verify(receipt, key, context=context_of(options), insecure_srs=options.insecure_srs)
    opening = files.load_opening(options.opening)
    opened = check_opening(receipt, opening, key, insecure_srs=options.insecure_srs)
    numbers = {name: plain_numbers(array) for name, array in opened.items()}
    result = {"model_id": proved.model_id.hex(), "opened": numbers, "scheme": describe_scheme(key)}
    shown = [f"{name} = {array.tolist()}" for name, array in opened.items()]
    console.result(result, [*origin_lines(key.origin), *shown])
