"""Random histories: requests, blocks, reorganizations, crashes and forgotten transactions in any order. In the end
every request on the chain is answered once. A transaction fails only if a reorganization took away what it answers."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.chain.oracles import QUICK, answers, asked, oracle_node, transactions_of_the_node
from tests.chain.test_oracle import Crash, Fuse, crashing
from tests.chain.worlds import Model, World, populated

from zkseal.chain.local import local_chain

STEPS = 25


class History:
    """A world with a node that lives as long as it is not crashed."""

    def __init__(self, world: World, queue: Path, rng: random.Random) -> None:
        self.world, self.queue, self.rng = world, queue, rng
        self.options = replace(QUICK, depth=64, bump_after_s=0.3)
        self.snapshot = world.chain.ask("evm_snapshot")
        self.told: list[str] = []

    def run(self) -> None:
        """Random events, then peace."""
        often = [self.ask, self.work, self.crash]
        events = [*often, *often, self.mine, self.reorganize, self.remember, self.forget]
        for _ in range(STEPS):
            event = self.rng.choice(events)
            self.told.append(event.__name__)
            event()
        self.world.chain.ask("evm_setAutomine", True)
        self.world.chain.ask("anvil_mine", "0x1")
        time.sleep(self.options.bump_after_s)
        self.work(rounds=6)

    def ask(self) -> None:
        self.world.chain.ask("evm_setAutomine", True)
        asked(self.world, self.rng.randrange(100))
        self.world.chain.ask("evm_setAutomine", self.rng.random() < 0.5)

    def work(self, rounds: int = 1) -> None:
        with oracle_node(self.world, self.queue, options=self.options) as node:
            for _ in range(rounds * 3):
                node.step()

    def crash(self) -> None:
        with pytest.MonkeyPatch.context() as patch, oracle_node(self.world, self.queue, options=self.options) as node:
            crashing(patch, Fuse(self.rng.randrange(1, 40), after=self.rng.random() < 0.5))
            try:
                for _ in range(3):
                    node.step()
            except Crash:
                pass

    def mine(self) -> None:
        self.world.chain.ask("anvil_mine", hex(self.rng.randrange(1, 4)))

    def reorganize(self) -> None:
        self.world.chain.ask("evm_revert", self.snapshot)
        self.remember()

    def remember(self) -> None:
        self.snapshot = self.world.chain.ask("evm_snapshot")

    def forget(self) -> None:
        self.world.chain.ask("anvil_dropAllTransactions")


@pytest.mark.parametrize("seed", range(4))
def test_every_history_ends_well(seed: int, tmp_path: Path, hidden_model: Model, public_model: Model) -> None:
    with local_chain() as running:
        world = populated(running, tmp_path, hidden_model, public_model)
        history = History(world, tmp_path / "queue.db", random.Random(seed))
        history.run()
        count = world.connection.call("InferenceOracle", world.address("InferenceOracle"), "requestCount")
        assert dict(answers(world)) == dict.fromkeys(range(1, count + 1), 1), history.told
        assert all(transactions_of_the_node(world)) or "reorganize" in history.told, history.told
