"""A node of the oracle inside a test, and what the chain says about its work."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.chain.worlds import World

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Connection
from zkseal.chain.local import local_signer
from zkseal.chain.oracle import Log, Node, NodeOptions, ServedModel, Store
from zkseal.chain.request import OracleRequest, ask

QUICK = NodeOptions(poll_s=0.05, depth=8, max_backoff_s=0.2, at_a_loss=True)
NODE_ACCOUNT = 5
SINCE = 0
"""First block that nodes read: requests of earlier tests are none of this one's business."""


def node_signer() -> Signer:
    """The account of the node, which nothing else uses."""
    return local_signer(NODE_ACCOUNT)


@contextlib.contextmanager
def oracle_node(
    world: World,
    queue: Path,
    *,
    options: NodeOptions = QUICK,
    connection: Connection | None = None,
    models: dict[int, ServedModel] | None = None,
) -> Iterator[Node]:
    """A node over the queue file; its log is `events(node)`."""
    served = ServedModel.of(world.public.proving_key)
    oracle = world.address("InferenceOracle")
    store = Store(queue, chain_id=world.connection.chain_id, oracle=oracle, account=node_signer().address)
    with contextlib.closing(store):
        yield Node(
            connection or world.connection,
            node_signer(),
            store,
            Log(io.StringIO()),
            {served.model_id: served} if models is None else models,
            oracle=oracle,
            verifier=world.address("InferenceVerifier"),
            options=replace(options, start_block=max(SINCE, options.start_block)),
        )


def events(node: Node) -> list[dict[str, Any]]:
    """What the node logged."""
    stream = node.log._stream
    assert isinstance(stream, io.StringIO)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def names(node: Node) -> list[str]:
    """The names of what the node logged."""
    return [event["event"] for event in events(node)]


def asked(world: World, row: int, *, valid_for: int = 100_000, fee_wei: int = 1000) -> int:
    """Asks about a row of the public model; the id."""
    integers = [int(value) for value in world.public.inputs[row]]
    request = OracleRequest(world.ids["public"], world.now() + valid_for, integers, fee_wei=fee_wei)
    return ask(world.connection, world.user, world.address("InferenceOracle"), request)[0]


def answers(world: World) -> Counter[int]:
    """How often each request was answered, by the events on the chain."""
    head = world.connection.head().number
    found = world.connection.events("InferenceOracle", world.address("InferenceOracle"), "Answered", 0, head)
    return Counter(int(event["args"]["requestId"]) for event in found)


def transactions_of_the_node(world: World) -> list[int]:
    """Status of every mined transaction of the node's account, oldest first: 1 did what it should, 0 failed."""
    found = []
    for number in range(world.connection.head().number + 1):
        block = world.connection.web3.eth.get_block(number, full_transactions=True)
        for transaction in block["transactions"]:
            assert not isinstance(transaction, bytes)
            if transaction["from"] == node_signer().address:
                receipt = world.connection.receipt(f"0x{bytes(transaction['hash']).hex()}")
                assert receipt is not None
                found.append(int(receipt["status"]))
    return found
