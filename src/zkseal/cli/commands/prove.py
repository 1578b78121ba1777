"""Run the model on one input and prove what it says.

Writes the receipt, for everybody, and the opening of its commitments, for the owner of the input. The receipt is
worthless under any other context.

With --answer it proves what an enclave answered to the same input (`zkseal enclave ask`), and the receipt holds both.

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
from zkseal.errors import WrongInput
from zkseal.pipeline import prove
from zkseal.pipeline.inspect import describe_scheme
from zkseal.proving import Opening
from zkseal.receipts import Receipt

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
    parser.add_argument(
        "--answer",
        type=Path,
        metavar="FILE",
        help="receipt of an enclave's answer to this input, whose statement is to be proved",
    )
    parser.add_argument("--answer-opening", type=Path, metavar="FILE", help="its opening (default: its name with .zko)")
    add_context(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Proves and writes receipt and opening."""
    out = options.out or options.input.with_suffix(files.RECEIPT.suffix)
    opening_path = options.opening or out.with_suffix(files.OPENING.suffix)
    inputs = by_input(read_arrays(options.input))
    key = files.load_any_proving_key(options.proving_key)
    require_separate((out, opening_path), (options.proving_key, options.input))
    answer, given = _answer(options)
    start = time.perf_counter()
    with console.progress() as progress:
        proved = prove(key, inputs, context=_context(options, answer), opening=given, progress=progress)
    duration_ms = (time.perf_counter() - start) * 1000
    receipt = proved.receipt if answer is None else answer.with_proof(proved.receipt)
    has_secrets = proved.opening.input is not None or proved.opening.output is not None
    with files.together():
        if has_secrets:
            files.save_opening(opening_path, proved.opening)
        files.save_receipt(out, receipt)
    result = {
        "receipt": str(out),
        "receipt_bytes": out.stat().st_size,
        "proof_bytes": proved.receipt.proof_evidence.proof_bytes,
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


def _answer(options: argparse.Namespace) -> tuple[Receipt | None, Opening | None]:
    """The receipt of --answer and the opening of its commitments, if it has any."""
    if options.answer is None:
        if options.answer_opening is not None:
            text = "--answer-opening belongs to --answer. Give both, or neither."
            raise WrongInput(text, name="answer-opening", expected="--answer", got=None)
        return None, None
    answer = files.load_receipt(options.answer)
    if not (answer.statement.input.commitments or answer.statement.output.commitments):
        return answer, None
    return answer, files.load_opening(options.answer_opening or options.answer.with_suffix(files.OPENING.suffix))


def _context(options: argparse.Namespace, answer: Receipt | None) -> bytes:
    """That of the answer, if there is one: another one is refused where the two receipts are joined."""
    given = context_of(options)
    return answer.statement.context if answer is not None and not given else given
