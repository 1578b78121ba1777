"""Serve an oracle: watch requests for your models, prove the answers, send them, earn the fees.

With an enclave that has the model (`zkseal enclave serve`), requests that take its signature are answered too. The
enclave runs the model itself and signs what it computed. For a model of which only the verifying key is given, that is
all that is done.

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
from typing import TYPE_CHECKING

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
from zkseal.cli.sealed import policy_named
from zkseal.cli.setups import add_insecure_srs
from zkseal.cli.signals import stopped_by_signals
from zkseal.errors import NotDeployed, TransactionReverted, WrongInput
from zkseal.pipeline import ProvingKey, Samples
from zkseal.proving import Opening, VerifyingKey

if TYPE_CHECKING:
    from zkseal.chain.address_book import AddressBook
    from zkseal.chain.connection import Connection
    from zkseal.chain.oracle import ServedModel

__all__ = ["configure", "run"]

ORACLE = "InferenceOracle"
_SUFFIXES = (".npz", ".npy", ".json", ".csv")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument(
        "model_keys",
        type=Path,
        nargs="+",
        metavar="model.zkp",
        help="proving keys; of models that an enclave answers for alone, verifying keys (.zkv)",
    )
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
    parser.add_argument(
        "--enclave",
        dest="enclaves",
        action="append",
        default=[],
        metavar="URL",
        help="host of an enclave that has one of the models; repeatable",
    )
    parser.add_argument(
        "--enclave-policy",
        default="production",
        metavar="P",
        help="under which its evidence is appraised: a TOML file or a name (default: production)",
    )
    parser.add_argument(
        "--enclave-development", action="store_true", help="take sandboxes and software TPMs, for local chains"
    )
    parser.add_argument("--once", action="store_true", help="answer what is asked now, then end")
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Serves until told to stop."""
    from zkseal.chain.connection import address_of
    from zkseal.chain.oracle import Log, Node, NodeOptions, Store

    keys = [_key(options, path) for path in options.model_keys]
    connection, book = connected(options), opened_book(options)
    models = _models(options, keys, connection, book, console)
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


def _key(options: argparse.Namespace, path: Path) -> ProvingKey | VerifyingKey:
    """A proving key or, for a model that an enclave answers for, a verifying key."""
    kinds = (files.PROVING_KEY, files.VERIFYING_KEY) if options.enclaves else (files.PROVING_KEY,)
    if files.identify(path, kinds) is files.VERIFYING_KEY:
        return trusted(options, files.load_verifying_key(path))
    key = files.load_proving_key(path)
    trusted(options, key.verifying_key)
    return key


def _models(
    options: argparse.Namespace,
    keys: list[ProvingKey | VerifyingKey],
    connection: Connection,
    book: AddressBook,
    console: Console,
) -> dict[int, ServedModel]:
    """What is served, by the id on the chain: each key with its hidden inputs and its enclave."""
    from zkseal.chain.attested_keys import KEYS, require_usable
    from zkseal.chain.oracle import ServedModel
    from zkseal.chain.typed_data import address_of_public_key

    hidden = None if options.hidden_inputs is None else _hidden_from(options.hidden_inputs)
    verifying = [key.verifying_key if isinstance(key, ProvingKey) else key for key in keys]
    attesters, registry = {}, ""
    if options.enclaves:
        from zkseal.cli.enclave_attester import attesters_at

        registry, policy = book.address(connection, KEYS), policy_named(options.enclave_policy)
        attesters = attesters_at(options.enclaves, verifying, registry, policy, development=options.enclave_development)
    models = {}
    for key, verifying_key in zip(keys, verifying, strict=True):
        attester = attesters.get(verifying_key.model_id)
        if attester is None and not isinstance(key, ProvingKey):
            expected = "its proving key, or the URL of its enclave (--enclave)"
            text = f"No enclave has the model of a verifying key that was given. Give {expected}."
            raise WrongInput(text, name="model_keys", expected=expected, got=verifying_key.model_id.hex())
        model = ServedModel.of(key, hidden, attester)
        models[model.model_id] = model
        if attester is not None:
            address = address_of_public_key(attester.public_key)
            try:
                require_usable(connection, registry, address, model.model_id)
            except TransactionReverted as error:
                console.note(f"the enclave's key {address} does not count yet ({error.error}): chain attest-key")
    return models


def _hidden_from(folder: Path) -> Callable[[int, bytes], Samples | Opening | None]:
    """Hidden inputs from files: an opening named by its commitment, or samples named by the model id."""

    def find(model_id: int, commitment: bytes) -> Samples | Opening | None:
        if any(commitment):
            path = folder / f"{commitment.hex()}{files.OPENING.suffix}"
            return files.load_opening(path) if path.exists() else None
        found = [path for suffix in _SUFFIXES if (path := folder / f"{model_id:064x}{suffix}").exists()]
        return by_input(read_arrays(found[0])) if found else None

    return find
