"""Commit to the weights, once, and write the two keys.

The proving key holds weights and blindings: keep it to yourself. The verifying key is for everybody, and shows that
the committed weights lie in their bounds.

example: zkseal setup model.zkc
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from zkseal import files
from zkseal.cli.console import Console, bytes_text, milliseconds_text
from zkseal.cli.outputs import require_separate
from zkseal.pipeline import setup

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("compiled_model", type=Path, metavar="model.zkc")
    parser.add_argument("--proving-key", type=Path, metavar="FILE", help="default: the model's name with .zkp")
    parser.add_argument("--verifying-key", type=Path, metavar="FILE", help="default: the model's name with .zkv")
    parser.add_argument(
        "--row-bits",
        type=int,
        choices=range(4, 17),
        metavar="BITS",
        help="log2 of the row length, 4 to 16 (default: by cost)",
    )


def run(options: argparse.Namespace, console: Console) -> None:
    """Makes the keys and writes them."""
    proving_path = options.proving_key or options.compiled_model.with_suffix(files.PROVING_KEY.suffix)
    verifying_path = options.verifying_key or options.compiled_model.with_suffix(files.VERIFYING_KEY.suffix)
    model = files.load_model(options.compiled_model)
    require_separate((proving_path, verifying_path), (options.compiled_model,))
    start = time.perf_counter()
    with console.progress() as progress:
        proving_key, verifying_key = setup(model, row_bits=options.row_bits, progress=progress)
    duration_ms = (time.perf_counter() - start) * 1000
    with files.together():
        files.save_proving_key(proving_path, proving_key)
        files.save_verifying_key(verifying_path, verifying_key)
    result = {
        "proving_key": str(proving_path),
        "proving_key_bytes": proving_path.stat().st_size,
        "verifying_key": str(verifying_path),
        "verifying_key_bytes": verifying_path.stat().st_size,
        "model_id": verifying_key.model_id.hex(),
        "row_bits": verifying_key.row_bits,
        "setup_ms": round(duration_ms, 3),
    }
    console.result(
        result,
        [
            f"model id {verifying_key.model_id.hex()}",
            f"wrote {proving_path} ({bytes_text(result['proving_key_bytes'])}, secret) and "
            f"{verifying_path} ({bytes_text(result['verifying_key_bytes'])}) in {milliseconds_text(duration_ms)}",
        ],
    )
