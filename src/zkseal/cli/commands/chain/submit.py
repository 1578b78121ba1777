"""Prove an inference for your account and have the chain verify it.

The proof counts for this chain, this account, this subject and nonce, once and until its deadline. The opening that is
written shows later what the commitments hold: keep it.

example: zkseal chain submit model.zkp input.npz --rpc http://127.0.0.1:8545 --keystore me.json --dry-run
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal import files
from zkseal.cli.commands.chain.shared_options import (
    add_keystore,
    add_node,
    add_validity,
    bytes32,
    connected,
    opened_book,
    opened_keystore,
    trusted,
)
from zkseal.cli.console import Console
from zkseal.cli.outputs import require_separate
from zkseal.cli.samples import by_input, read_arrays
from zkseal.cli.setups import add_insecure_srs

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("proving_key", type=Path, metavar="model.zkp")
    parser.add_argument("input", type=Path, help="one input: .npz, .npy, .json or .csv")
    add_node(parser)
    add_keystore(parser)
    parser.add_argument("--subject", type=bytes32, default=bytes(32), metavar="HEX", help="what for (32 bytes)")
    parser.add_argument("--nonce", type=int, metavar="N", help="number that makes this use differ (default: random)")
    add_validity(parser, "the proof counts")
    parser.add_argument("--store", action="store_true", help="keep the record on the chain (getInference)")
    parser.add_argument(
        "--dry-run", action="store_true", help="ask the node whether it would be accepted; send nothing"
    )
    parser.add_argument(
        "--opening", type=Path, metavar="FILE", help="opening to write (default: the input's name with .zko)"
    )
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Proves, checks, sends."""
    from zkseal.chain.inference import commit
    from zkseal.chain.submission import check, prove_for, submit

    inputs = by_input(read_arrays(options.input))
    key = files.load_proving_key(options.proving_key)
    trusted(options, key.verifying_key)
    opening_path = options.opening or options.input.with_suffix(files.OPENING.suffix)
    require_separate((opening_path,), (options.proving_key, options.input, options.keystore))
    connection = connected(options)
    signer = opened_keystore(options, console)
    with console.progress() as progress:
        inference = commit(key, inputs)
        submission = prove_for(
            connection,
            opened_book(options),
            inference,
            consumer=signer.address,
            subject=options.subject,
            nonce=options.nonce,
            deadline=connection.head().timestamp + options.valid_for,
            progress=progress,
        )
    check(connection, submission)
    statement = submission.statement
    result: dict[str, object] = {
        "chain_id": connection.chain_id,
        "model_id": f"0x{statement.model_id:064x}",
        "statement": f"0x{statement.hash.hex()}",
        "input_commitment": f"0x{statement.input_commitment.hex()}",
        "nonce": statement.nonce,
        "deadline": statement.deadline,
        "outputs": {name: array.tolist() for name, array in inference.outputs.items()},
        "sent": not options.dry_run,
    }
    lines = [f"{name} = {array.tolist()}" for name, array in inference.outputs.items()]
    if options.dry_run:
        lines.append("the InferenceVerifier would accept it; nothing was sent")
        console.result(result, lines)
        return
    if inference.commitments:
        files.save_opening(opening_path, inference.opening)
        lines.append(f"wrote {opening_path} (secret: it opens the commitments)")
    sent = submit(connection, signer, submission, store=options.store)
    lines.append(f"verified in block {sent['block']}, transaction {sent['transaction']}, {sent['gas_used']:,} gas")
    console.result({**result, **sent, "opening": str(opening_path) if inference.commitments else None}, lines)
