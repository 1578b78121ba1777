"""Run the model on one input and prove what it says.

Writes the receipt, for everybody, and the opening of its commitments, for the owner of the input. The receipt is
worthless under any other context.

example: zkseal prove model.zkp input.npz --context "visit 12" --out visit.zkr
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from zkseal import files
from zkseal.cli.commands.contexts import add_context, context_of
from zkseal.cli.console import Console, bytes_text, milliseconds_text
from zkseal.cli.outputs import require_separate
from zkseal.cli.samples import by_input, read_arrays
from zkseal.cli.setups import origin_lines
from zkseal.pipeline import prove
from zkseal.pipeline.inspect import describe_scheme

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("proving_key", type=Path, metavar="model.zkp")
    parser.add_argument("input", type=Path, help="one input: .npz, .npy, .json or .csv")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="receipt to write (default: the input's name with .zkr)"
    )
    parser.add_argument(
        "--opening", type=Path, metavar="FILE", help="opening to write (default: the receipt's name with .zko)"
    )
    add_context(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Proves and writes receipt and opening."""
    out = options.out or options.input.with_suffix(files.RECEIPT.suffix)
    opening_path = options.opening or out.with_suffix(files.OPENING.suffix)
    inputs = by_input(read_arrays(options.input))
    key = files.load_proving_key(options.proving_key)
    require_separate((out, opening_path), (options.proving_key, options.input))
    start = time.perf_counter()
    with console.progress() as progress:
        proved = prove(key, inputs, context=context_of(options), progress=progress)
    duration_ms = (time.perf_counter() - start) * 1000
    has_secrets = proved.opening.input is not None or proved.opening.output is not None
    with files.together():
        if has_secrets:
            files.save_opening(opening_path, proved.opening)
        files.save_receipt(out, proved.receipt)
    result = {
        "receipt": str(out),
        "receipt_bytes": out.stat().st_size,
        "proof_bytes": len(proved.receipt.proof),
        "opening": str(opening_path) if has_secrets else None,
        "model_id": key.verifying_key.model_id.hex(),
        "scheme": describe_scheme(key.verifying_key),
        "outputs": {name: array.tolist() for name, array in proved.outputs.items()},
        "prove_ms": round(duration_ms, 3),
    }
    lines = [f"{name} = {array.tolist()}" for name, array in proved.outputs.items()]
    lines += origin_lines(key.verifying_key.origin)
    lines.append(f"wrote {out} ({bytes_text(result['receipt_bytes'])}) in {milliseconds_text(duration_ms)}")
    if has_secrets:
        lines.append(f"wrote {opening_path} (secret: it opens the commitments)")
    console.result(result, lines)
