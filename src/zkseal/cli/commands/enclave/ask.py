"""Ask an enclave for the answer to one input, encrypted to its attested key.

Writes the receipt, which others can appraise (`zkseal appraise`), and the opening of its commitments, for the owner of
the input.

example: zkseal enclave ask http://127.0.0.1:8701 --input x.npz --policy credit.toml -o visit.zkr
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from zkseal import files
from zkseal.cli.commands.contexts import add_context, context_of
from zkseal.cli.commands.enclave.asking import DEVELOPMENT, add_asking, client_of
from zkseal.cli.console import Console, bytes_text, milliseconds_text, plain_numbers
from zkseal.cli.outputs import require_separate
from zkseal.cli.samples import by_input, read_arrays
from zkseal.enclave.messages import AnswerMode

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_asking(parser)
    parser.add_argument("--input", type=Path, required=True, metavar="FILE", help="one input: .npz, .npy, .json, .csv")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="receipt to write (default: the input's name with .zkr)"
    )
    parser.add_argument(
        "--opening", type=Path, metavar="FILE", help="opening to write (default: the receipt's name with .zko)"
    )
    parser.add_argument(
        "--mode",
        choices=[str(mode) for mode in (AnswerMode.TEE, AnswerMode.ZK_IN_TEE)],
        default=str(AnswerMode.TEE),
        help="zk_in_tee: the enclave proves its answer as well, which is verified with --key (default: tee)",
    )
    add_context(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Attests, asks, writes receipt and opening."""
    out = options.out or options.input.with_suffix(files.RECEIPT.suffix)
    opening_path = options.opening or out.with_suffix(files.OPENING.suffix)
    require_separate((out, opening_path), (options.input,))
    inputs = by_input(read_arrays(options.input))
    client = client_of(options)
    attested = client.attest()
    began = time.perf_counter()
    answered = client.ask(inputs, context=context_of(options), mode=AnswerMode(options.mode))
    duration_ms = (time.perf_counter() - began) * 1000
    secret = answered.opening.input is not None or answered.opening.output is not None
    with files.together():
        if secret:
            files.save_opening(opening_path, answered.opening)
        files.save_receipt(out, answered.receipt)
    assurance = attested.result.assurance.name.lower()
    proof = ("verified" if answered.proof_verified else "not verified: no key") if answered.receipt.proved else None
    result = {
        "assurance": assurance,
        "development": attested.DEVELOPMENT,
        "receipt": str(out),
        "receipt_bytes": out.stat().st_size,
        "opening": str(opening_path) if secret else None,
        "model_id": answered.receipt.statement.model_id.hex(),
        "mode": options.mode,
        "proof": proof,
        "sequence": answered.claims.sequence,
        "outputs": {name: plain_numbers(array) for name, array in answered.outputs.items()},
        "ask_ms": round(duration_ms, 3),
    }
    lines = [f"{name} = {array.tolist()}" for name, array in answered.outputs.items()]
    lines.append(f"assurance {assurance}")
    lines += [DEVELOPMENT] if attested.DEVELOPMENT else []
    lines += [f"proof {proof}"] if proof else []
    lines.append(f"wrote {out} ({bytes_text(result['receipt_bytes'])}) in {milliseconds_text(duration_ms)}")
    lines += [f"wrote {opening_path} (secret: it opens the commitments)"] if secret else []
    console.result(result, lines)
