"""Check a receipt and print what it proves.

Exit code 0 means that everything printed is proved. Anything else is a named error, and nothing is printed as proved.

example: zkseal verify visit.zkr model.zkv --context "visit 12"
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from zkseal import files
from zkseal.cli.commands.contexts import add_context, context_of
from zkseal.cli.console import Console, milliseconds_text, plain_numbers
from zkseal.cli.setups import add_insecure_srs, origin_lines
from zkseal.pipeline import verify
from zkseal.pipeline.inspect import describe_scheme

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("receipt", type=Path, metavar="receipt.zkr")
    parser.add_argument("verifying_key", type=Path, metavar="model.zkv")
    add_context(parser)
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Verifies and prints the statement."""
    receipt = files.load_receipt(options.receipt)
    key = files.load_any_verifying_key(options.verifying_key)
    start = time.perf_counter()
    proved = verify(receipt, key, context=context_of(options), insecure_srs=options.insecure_srs)
    duration_ms = (time.perf_counter() - start) * 1000
    result = {
        "verified": True,
        "model_id": proved.model_id.hex(),
        "context": proved.context.hex(),
        "inputs": {name: plain_numbers(array) for name, array in proved.inputs.items()},
        "outputs": {name: array.tolist() for name, array in proved.outputs.items()},
        "input_commitments": [commitment.hex() for commitment in proved.input_commitments],
        "output_commitments": [commitment.hex() for commitment in proved.output_commitments],
        "scheme": describe_scheme(key),
        "verify_ms": round(duration_ms, 3),
    }
    lines = [f"verified in {milliseconds_text(duration_ms)}: model {proved.model_id.hex()}", *origin_lines(key.origin)]
    lines += [f"input {name} = {array.tolist()}" for name, array in proved.inputs.items()]
    lines += [f"output {name} = {array.tolist()}" for name, array in proved.outputs.items()]
    lines += [f"hidden input, commitment {c.hex()}" for c in proved.input_commitments]
    lines += [f"hidden output, commitment {c.hex()}" for c in proved.output_commitments]
    console.result(result, lines)
