"""Run the model on many inputs and prove what it says, by several processes or machines.

The file holds inputs along the first axis. Receipts are numbered: OUT/000000.zkr, and beside each its opening. A model
that was compiled with --batch proves as many inputs in each receipt. Of a model in segments, each segment of an input
is proved by another worker.

Everything that a worker returns is verified before it is written. Workers see inputs and weights: with a Ray cluster,
read docs/guides/cluster.md first.

example: zkseal prove-many model.zkp inputs.npz --out receipts --workers 4 --context "batch 7"
         zkseal prove-many gpt2.zkp prompts.npz --out receipts --executor ray --ray-address 10.0.0.5:6379
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkseal import files
from zkseal.cli.commands.contexts import add_context, context_of
from zkseal.cli.console import Console, milliseconds_text
from zkseal.cli.executors import add_executor, executor_of
from zkseal.cli.samples import by_input, read_arrays
from zkseal.errors import FileUnavailable
from zkseal.executors import BatchTask, Executor, KeyFile, ProveTask, SegmentedKeyFiles, Told, prove_in_segments
from zkseal.executors.inputs import input_rows
from zkseal.executors.many import in_turn
from zkseal.pipeline import Interface, Samples
from zkseal.proving import Opening
from zkseal.receipts import Receipt
from zkseal.segments import SegmentedProvingKey

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("proving_key", type=Path, metavar="model.zkp")
    parser.add_argument("inputs", type=Path, help="inputs along the first axis: .npz, .npy, .json or .csv")
    parser.add_argument("--out", type=Path, metavar="FOLDER", required=True, help="folder of receipts and openings")
    parser.add_argument("--resume", action="store_true", help="leave out receipts that are in the folder already")
    add_context(parser)
    add_executor(parser)


@dataclass(frozen=True, eq=False)
class _Proved:
    """One receipt, and the outputs that it is about, for each input."""

    receipt: Receipt
    opening: Opening
    outputs: Sequence[dict[str, Any]]


def run(options: argparse.Namespace, console: Console) -> None:
    """Proves and writes receipts and openings, each pair as soon as it is there."""
    key = files.load_any_proving_key(options.proving_key)
    interface = Interface.of(key.verifying_key.relation)
    rows, size = input_rows(interface, by_input(read_arrays(options.inputs)))
    groups = [rows[first : first + size] for first in range(0, len(rows), size)]
    _make_folder(options.out)
    numbers = [n for n in range(len(groups)) if not (options.resume and _receipt_path(options.out, n).exists())]
    start = time.perf_counter()
    written: list[dict[str, Any]] = []
    with executor_of(options) as executor, console.worker_progress(len(numbers)) as (told, advance):
        wanted = [groups[number] for number in numbers]
        prover = _Prover(executor, options.proving_key, context_of(options), told)
        proofs = prover.in_segments(wanted) if isinstance(key, SegmentedProvingKey) else prover.whole(wanted, size)
        for number, proved in zip(numbers, proofs, strict=True):
            written.append(_write(options.out, number, proved))
            advance()
    duration_ms = (time.perf_counter() - start) * 1000
    result = {
        "receipts": written,
        "left_out": len(groups) - len(numbers),
        "model_id": key.verifying_key.model_id.hex(),
        "workers": executor.workers,
        "prove_ms": round(duration_ms, 3),
    }
    lines = [f"wrote {len(written)} receipts to {options.out} in {milliseconds_text(duration_ms)}"]
    if any(entry["opening"] is not None for entry in written):
        lines.append("beside each its opening (secret: it opens the commitments)")
    console.result(result, lines)


@dataclass(frozen=True)
class _Prover:
    """Proofs of groups of inputs, one group for each, in order."""

    executor: Executor
    path: Path
    context: bytes
    told: Told

    def whole(self, groups: Sequence[list[Samples]], size: int) -> Iterator[_Proved]:
        """With a key in one piece, of which one proof takes `size` inputs."""
        file = KeyFile.of(self.path)
        if size == 1:
            singles = (ProveTask(file, inputs, self.context) for (inputs,) in groups)
            for single in in_turn(self.executor, singles, self.told):
                yield _Proved(single.receipt, single.opening, [dict(single.outputs)])
            return
        for batch in in_turn(self.executor, (BatchTask(file, group, self.context) for group in groups), self.told):
            yield _Proved(batch.receipt, batch.opening, [dict(outputs) for outputs in batch.outputs])

    def in_segments(self, groups: Sequence[list[Samples]]) -> Iterator[_Proved]:
        """With a key in segments: all workers are at one input, then at the next one."""
        segments = SegmentedKeyFiles.of(self.path)
        for (inputs,) in groups:
            proof = prove_in_segments(self.executor, segments, inputs, context=self.context, told=self.told).result
            yield _Proved(proof.receipt, proof.opening, [dict(proof.outputs)])


def _write(folder: Path, number: int, proved: _Proved) -> dict[str, Any]:
    receipt = _receipt_path(folder, number)
    opening = receipt.with_suffix(files.OPENING.suffix)
    has_secrets = proved.opening.input is not None or proved.opening.output is not None
    with files.together():
        if has_secrets:
            files.save_opening(opening, proved.opening)
        files.save_receipt(receipt, proved.receipt)
    outputs = [{name: array.tolist() for name, array in one.items()} for one in proved.outputs]
    return {"receipt": str(receipt), "opening": str(opening) if has_secrets else None, "outputs": outputs}


def _receipt_path(folder: Path, number: int) -> Path:
    return folder / f"{number:06}{files.RECEIPT.suffix}"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot make '{folder}': {reason}.", path=str(folder), reason=reason) from error
