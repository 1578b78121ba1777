"""`zkseal chain serve-oracle` is killed twenty times at random; no request is lost, none is answered or sent twice."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from tests.chain.command_line import Desk
from tests.chain.oracles import answers, asked, node_signer, transactions_of_the_node
from tests.chain.worlds import Model, populated

from zkseal.chain.local import local_chain

KILLS = 20
SEED = 20261129
LONGEST_S = 1.2


@pytest.mark.slow
def test_twenty_kills(tmp_path: Path, hidden_model: Model, public_model: Model) -> None:
    """Blocks come every second, so that transactions wait, and kills hit between signing, sending and mining."""
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    with local_chain(options=("--block-time", "1")) as running:
        running.ask("anvil_setIntervalMining", 0)
        running.ask("evm_setAutomine", True)
        world = populated(running, tmp_path, hidden_model, public_model)
        desk = Desk(tmp_path, running.url)
        desk.put_keys("public", public_model)
        desk.put_account("node", node_signer())
        (tmp_path / "book.json").write_text((tmp_path / "addresses.json").read_text())
        running.ask("evm_setAutomine", False)
        running.ask("anvil_setIntervalMining", 1)
        ids = []
        for kill in range(KILLS):
            node = served(desk)
            ids.append(asked(world, kill))  # while it starts
            started = wait_for_line(node, '"started"')
            assert started, "the node did not start"
            time.sleep(rng.uniform(0, LONGEST_S))
            node.send_signal(signal.SIGKILL)
            node.wait()
        node = served(desk, "--once")
        _, log = node.communicate(timeout=120)
        assert node.returncode == 0, log
        assert dict(answers(world)) == dict.fromkeys(ids, 1)
        assert transactions_of_the_node(world) == [1] * KILLS, "a transaction was sent in vain"


def served(desk: Desk, *options: str) -> subprocess.Popen[str]:
    """The node as a process."""
    words = (str(desk.folder / "public.zkp"), "--queue", str(desk.folder / "queue.db"), "--poll", "0.1", "--at-a-loss")
    return desk.start("serve-oracle", "node", *words, *options)


def wait_for_line(node: subprocess.Popen[str], text: str) -> bool:
    """Reads the log up to a line; the rest is read aside, so that the node is never held up."""
    assert node.stderr is not None
    for line in node.stderr:
        if text in line:
            threading.Thread(target=node.stderr.read, daemon=True).start()
            return True
    return False
