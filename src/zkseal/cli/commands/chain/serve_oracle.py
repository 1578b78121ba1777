"""Serve an oracle: watch requests for your models, prove the answers, send them, earn the fees.

The queue survives a kill at any point: no request is lost, none is answered twice. The account of the keystore must
not be used for anything else meanwhile. Logs are JSON lines on standard error and hold no inputs. Ctrl-C and SIGTERM
end it in good order.

example: zkseal chain serve-oracle model.zkp --rpc http://127.0.0.1:8545 --keystore node.json --password-file node.pass
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from zkseal import files
from zkseal.cli.commands.chain.shared_options import (
    add_keystore,
    add_node,
    connected,
    opened_book,
    opened_keystore,
    trusted,
)
from zkseal.cli.console import Console
from zkseal.cli.samples import by_input, read_arrays
from zkseal.cli.setups import add_insecure_srs
from zkseal.cli.signals import stopped_by_signals
from zkseal.errors import NotDeployed
from zkseal.pipeline import Samples
from zkseal.proving import Opening

__all__ = ["configure", "run"]

ORACLE = "InferenceOracle"
_SUFFIXES = (".npz", ".npy", ".json", ".csv")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("proving_keys", type=Path, nargs="+", metavar="model.zkp")
    add_node(parser)
    add_keystore(parser)
    parser.add_argument(
        "--queue", type=Path, default=Path("zkseal-oracle.db"), metavar="FILE", help="default: zkseal-oracle.db"
    )
    parser.add_argument("--payee", metavar="ADDRESS", help="who earns the fees (default: the account that signs)")
    parser.add_argument(
        "--hidden-inputs",
        type=Path,
        metavar="FOLDER",
        help="of models with hidden inputs: COMMITMENT.zko for requests that name one, MODEL_ID.npz (or .json ..) else",
    )
    parser.add_argument("--poll", type=float, default=2.0, metavar="SECONDS", help="between looks (default: 2)")
    parser.add_argument("--depth", type=int, default=32, metavar="BLOCKS", help="until a block is final (default: 32)")
    parser.add_argument(
        "--bump-after", type=float, default=60.0, metavar="SECONDS", help="until a higher fee is offered (default: 60)"
    )
    parser.add_argument("--max-fee-gwei", type=float, metavar="GWEI", help="highest price of a unit of gas")
    parser.add_argument(
        "--at-a-loss", action="store_true", help="also answer where the fee does not pay for the gas (local chains)"
    )
    parser.add_argument(
        "--metrics-every", type=float, default=60.0, metavar="SECONDS", help="between lines of metrics (default: 60)"
    )
    parser.add_argument("--once", action="store_true", help="answer what is asked now, then end")
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Serves until told to stop."""
    from zkseal.chain.connection import address_of
    from zkseal.chain.oracle import Log, Node, NodeOptions, ServedModel, Store

    hidden = None if options.hidden_inputs is None else _hidden_from(options.hidden_inputs)
    keys = [files.load_proving_key(path) for path in options.proving_keys]
    models = {}
    for key in keys:
        trusted(options, key.verifying_key)
        model = ServedModel.of(key, hidden)
        models[model.model_id] = model
    connection, book = connected(options), opened_book(options)
    oracle = book.address(connection, ORACLE)
    entry = book.entry(connection.chain_id, ORACLE)
    if entry is None:
        raise NotDeployed(f"The book has no {ORACLE}.", contract=ORACLE, chain_id=connection.chain_id)
    signer = opened_keystore(options, console)
    log = Log(sys.stderr)
    store = Store(options.queue, chain_id=connection.chain_id, oracle=oracle, account=signer.address)
    with contextlib.closing(store):
        node = Node(
            connection,
            signer,
            store,
            log,
            models,
            oracle=oracle,
            verifier=book.address(connection, "InferenceVerifier"),
            payee=None if options.payee is None else address_of(options.payee),
            options=NodeOptions(
                start_block=entry.block or 0,
                depth=options.depth,
                poll_s=options.poll,
                bump_after_s=options.bump_after,
                metrics_s=options.metrics_every,
                at_a_loss=options.at_a_loss,
                max_fee_wei=None if options.max_fee_gwei is None else int(options.max_fee_gwei * 10**9),
            ),
        )
        with stopped_by_signals(node.stop):
            node.run(once=options.once)
        console.result({"requests": dict(store.counts()), "events": dict(log.counters)})


def _hidden_from(folder: Path) -> Callable[[int, bytes], Samples | Opening | None]:
    """Hidden inputs from files: an opening named by its commitment, or samples named by the model id."""

    def find(model_id: int, commitment: bytes) -> Samples | Opening | None:
        if any(commitment):
            path = folder / f"{commitment.hex()}{files.OPENING.suffix}"
            return files.load_opening(path) if path.exists() else None
        found = [path for suffix in _SUFFIXES if (path := folder / f"{model_id:064x}{suffix}").exists()]
        return by_input(read_arrays(found[0])) if found else None

    return find
