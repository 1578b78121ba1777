"""The oracle node answers every request once: after crashes at any point, and after reorganizations."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.chain import oracles
from tests.chain.oracles import QUICK, answers, asked, events, names, node_signer, oracle_node, transactions_of_the_node
from tests.chain.worlds import Model, World, populated

from zkseal.chain.connection import Connection
from zkseal.chain.encoding import decode_public_values
from zkseal.chain.local import local_chain
from zkseal.chain.oracle import Node, ServedModel, Store
from zkseal.chain.request import OracleRequest, RequestStatus, ask, status_of, wait_for_answer
from zkseal.chain.transactions import Call, send
from zkseal.errors import FileUnavailable, NodeUnreachable, ResourceLimit, WrongChain


@pytest.fixture
def fresh(tmp_path: Path, hidden_model: Model, public_model: Model) -> Iterator[World]:
    """A world of one's own, for tests that rewrite history."""
    with local_chain() as running:
        yield populated(running, tmp_path, hidden_model, public_model)


@pytest.fixture(autouse=True)
def since(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a world that is shared, a test begins where the others ended."""
    if "world" in request.fixturenames:
        world: World = request.getfixturevalue("world")
        monkeypatch.setattr(oracles, "SINCE", world.connection.head().number + 1)


def test_a_request_is_answered_and_paid(world: World, tmp_path: Path) -> None:
    oracle = world.address("InferenceOracle")
    request_id = asked(world, 0, fee_wei=12345)
    with oracle_node(world, tmp_path / "queue.db") as node:
        node.run(once=True)
        assert names(node)[:4] == ["started", "requested", "proved", "sent"]
    answer = wait_for_answer(
        world.connection, oracle, request_id, since_block=0, deadline=world.now() + 60, timeout_s=5
    )
    row = world.public.inputs[0]
    label = world.public.proving_key.program.predict({"X": row.reshape(1, -1)})["label"]
    assert answer.values == [*map(int, row), *map(int, label)]
    assert answer.payee == node_signer().address
    assert world.connection.call("InferenceOracle", oracle, "balanceOf", node_signer().address) >= 12345


def test_a_running_node_answers_what_comes(world: World, tmp_path: Path) -> None:
    oracle = world.address("InferenceOracle")
    with oracle_node(world, tmp_path / "queue.db") as node:
        thread = threading.Thread(target=node.run)
        thread.start()
        try:
            for row in range(3):
                request_id = asked(world, row)
                wait_for_answer(
                    world.connection, oracle, request_id, since_block=0, deadline=world.now() + 60, timeout_s=20
                )
            # The requester may see an answer before the node has seen its receipt.
            end = time.monotonic() + 20
            while node.log.counters["answered"] < 3 and time.monotonic() < end:
                time.sleep(0.05)
        finally:
            node.stop()
            thread.join()
        assert names(node)[-2:] == ["metrics", "stopped"]
        assert node.log.counters["answered"] >= 3


def test_many_requests_at_once_have_nonces_of_their_own(world: World, tmp_path: Path) -> None:
    ids = [asked(world, row) for row in range(5)]
    with oracle_node(world, tmp_path / "queue.db") as node:
        node.run(once=True)
    assert all(answers(world)[request_id] == 1 for request_id in ids)
    assert all(transactions_of_the_node(world))


def test_requests_to_other_models_are_left_alone(world: World, tmp_path: Path) -> None:
    request = OracleRequest(world.ids["hidden"], world.now() + 60, input_commitment=b"\x01" * 32)
    request_id, _ = ask(world.connection, world.user, world.address("InferenceOracle"), request)
    with oracle_node(world, tmp_path / "queue.db") as node:
        node.run(once=True)
        assert node.store.request(request_id) is None
    assert status_of(world.connection, world.address("InferenceOracle"), request_id) == RequestStatus.PENDING


def test_a_model_that_is_no_longer_served_does_not_keep_the_node(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = asked(world, 0)
    monkeypatch.setattr(ServedModel, "answer", lambda *_, **__: (_ for _ in ()).throw(ResourceLimit("", resource="")))
    with oracle_node(world, tmp_path / "queue.db") as node:
        node.step()
        assert node.store.request(request_id) is not None
    time.sleep(QUICK.max_backoff_s)
    served = ServedModel.of(world.hidden.proving_key)
    with oracle_node(world, tmp_path / "queue.db", models={served.model_id: served}) as node:
        node.run(once=True)
    assert answers(world)[request_id] == 0


def test_inputs_that_the_model_does_not_take_are_refused(world: World, tmp_path: Path) -> None:
    oracle = world.address("InferenceOracle")
    ids = [
        ask(world.connection, world.user, oracle, OracleRequest(world.ids["public"], world.now() + 600, integers))[0]
        for integers in ([1, 2], [10**15, 1, 1])
    ]
    good = asked(world, 1)
    with oracle_node(world, tmp_path / "queue.db") as node:
        node.run(once=True)
        refused = {event["request_id"]: event["reason"] for event in events(node) if event["event"] == "refused"}
        node.run(once=True)
    assert refused == {ids[0]: "StatementMismatch", ids[1]: "RangeExceeded"}
    assert answers(world)[good] == 1


def test_a_request_that_expires_is_let_go(world: World, tmp_path: Path) -> None:
    request_id = asked(world, 0, valid_for=60)
    world.chain.advance(61)
    with oracle_node(world, tmp_path / "queue.db") as node:
        node.run(once=True)
        assert ("expired" in names(node), "proved" in names(node)) == (True, False)
    assert answers(world)[request_id] == 0


def test_hidden_inputs_come_from_the_node(world: World, tmp_path: Path) -> None:
    from zkseal.chain.inference import commit

    oracle = world.address("InferenceOracle")
    mine = commit(world.hidden.proving_key, world.hidden.inputs[2])
    openings = {mine.input_commitment: mine.opening}
    served = ServedModel.of(world.hidden.proving_key, lambda model_id, commitment: openings.get(commitment))
    ids = []
    for commitment in (mine.input_commitment, b"\x07" * 32):
        request = OracleRequest(world.ids["hidden"], world.now() + 600, input_commitment=commitment)
        ids.append(ask(world.connection, world.user, oracle, request)[0])
    with oracle_node(world, tmp_path / "queue.db", models={served.model_id: served}) as node:
        node.run(once=True)
        refused = [event["request_id"] for event in events(node) if event["event"] == "refused"]
        queued = node.store.request(ids[0])
        assert queued is not None
        assert queued.proof is not None
        assert queued.proof.output == mine.public
    assert answers(world)[ids[0]] == 1
    assert ids[1] in refused


def test_logs_hold_no_values(world: World, tmp_path: Path) -> None:
    # Each value is told apart from the times, ids and addresses of a log by what stands around it.
    row = [987, 1013, 1004]
    oracle = world.address("InferenceOracle")
    ask(world.connection, world.user, oracle, OracleRequest(world.ids["public"], world.now() + 600, row))
    ask(world.connection, world.user, oracle, OracleRequest(world.ids["public"], world.now() + 600, [123456789] * 3))
    with oracle_node(world, tmp_path / "queue.db") as node:
        node.run(once=True)
        told = "\n".join(map(str, events(node)))
    assert "123456789" not in told
    assert not re.search(r"(?<![0-9a-fA-Fx.])987(?![0-9a-fA-F])", told)


# Crashes. -------------------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here, as by kill -9: nothing is cleaned up, nothing more is written."""


class Fuse:
    """Ends the node at its n-th step to the outside: before or after the step was taken."""

    def __init__(self, steps: int, *, after: bool) -> None:
        self.left, self.after = steps, after

    def wrapped(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left < 0 and not self.after:
                raise Crash
            result = work(*arguments, **named)
            if self.left < 0:
                raise Crash
            return result

        return step


STORE_STEPS = ("put", "set_scanned", "set_proof", "set_state", "add_transaction")
CHAIN_STEPS = ("broadcast", "estimate_gas", "call", "nonce", "fees", "receipt")


def crashing(monkeypatch: pytest.MonkeyPatch, fuse: Fuse) -> None:
    for owner, steps in ((Store, STORE_STEPS), (Connection, CHAIN_STEPS)):
        for step in steps:
            monkeypatch.setattr(owner, step, fuse.wrapped(getattr(owner, step)))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_every_step(world: World, tmp_path: Path, after: bool) -> None:
    """The node crashes at its first step to disk or chain, then at its second, and so on, until it finishes."""
    start = world.connection.head().number
    for steps in range(1, 200):
        queue = tmp_path / f"{steps}.db"
        # A queue of its own for each round: it starts at the request of this round.
        options = replace(QUICK, start_block=world.connection.head().number + 1)
        request_id = asked(world, steps % 100)
        crashed = False
        with pytest.MonkeyPatch.context() as monkeypatch, oracle_node(world, queue, options=options) as node:
            crashing(monkeypatch, Fuse(steps, after=after))
            try:
                node.run(once=True)
            except Crash:
                crashed = True
        if crashed:
            with oracle_node(world, queue, options=options) as node:
                node.run(once=True)
                sent = node.store.transactions(request_id=request_id)
                assert len({entry.signed.nonce for entry in sent}) == 1, f"crash at step {steps}"
        assert answers(world)[request_id] == 1, f"crash at step {steps}"
        if not crashed:
            break
    assert steps > 15
    assert all(transactions_of_the_node(world)), "a transaction was sent in vain"
    assert world.connection.head().number > start


def test_a_node_that_the_chain_does_not_answer_goes_on_later(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = asked(world, 3)
    real, failures = Connection.head, 0

    def unreachable(connection: Connection) -> Any:
        nonlocal failures
        failures += 1
        if failures <= 3:
            raise NodeUnreachable("gone", url="", reason="test")
        return real(connection)

    monkeypatch.setattr(Connection, "head", unreachable)
    with oracle_node(world, tmp_path / "queue.db") as node:
        node.run(once=True)
        assert names(node).count("step_failed") == 3
    monkeypatch.undo()
    assert answers(world)[request_id] == 1


def test_a_failed_attempt_is_repeated(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request_id = asked(world, 4)
    real, failures = ServedModel.answer, 0

    def failing(*arguments: Any, **named: Any) -> Any:
        nonlocal failures
        failures += 1
        if failures <= 2:
            raise ResourceLimit("no memory", resource="memory")
        return real(*arguments, **named)

    monkeypatch.setattr(ServedModel, "answer", failing)
    with oracle_node(world, tmp_path / "queue.db") as node:
        deadline = time.monotonic() + 20
        while answers(world)[request_id] == 0 and time.monotonic() < deadline:
            node.run(once=True)
            time.sleep(0.05)
        assert names(node).count("attempt_failed") == 2
    assert answers(world)[request_id] == 1


def test_two_nodes_do_not_share_a_queue(world: World, tmp_path: Path) -> None:
    queue = tmp_path / "queue.db"
    with oracle_node(world, queue), pytest.raises(FileUnavailable) as caught, oracle_node(world, queue):
        pass
    assert caught.value.reason == "locked"


def test_a_queue_belongs_to_one_chain(world: World, tmp_path: Path) -> None:
    with oracle_node(world, tmp_path / "queue.db"):
        pass
    with pytest.raises(WrongChain):
        Store(tmp_path / "queue.db", chain_id=1, oracle=world.address("InferenceOracle"), account="0x")


def test_another_file_is_no_queue(world: World, tmp_path: Path) -> None:
    (tmp_path / "queue.db").write_text("something else, long enough to be read as a page" * 100)
    with pytest.raises(FileUnavailable), oracle_node(world, tmp_path / "queue.db"):
        pass


# Waiting transactions. ------------------------------------------------------------------------------------------------


def test_a_waiting_answer_is_replaced_under_its_nonce(fresh: World, tmp_path: Path) -> None:
    request_id = asked(fresh, 0)
    fresh.chain.ask("evm_setAutomine", False)
    with oracle_node(fresh, tmp_path / "queue.db", options=replace(QUICK, bump_after_s=0.4)) as node:
        until(lambda: stepped(node).count("replaced") >= 2)
        sent = node.store.transactions(request_id=request_id)
        assert {entry.signed.nonce for entry in sent} == {0}
        assert len(sent) >= 3
        assert sent[-1].signed.fees.max_fee_wei > 1.4 * sent[0].signed.fees.max_fee_wei
        fresh.chain.ask("anvil_mine", "0x1")
        fresh.chain.ask("evm_setAutomine", True)
        node.run(once=True)
    assert answers(fresh)[request_id] == 1
    assert transactions_of_the_node(fresh) == [1]


def test_fees_stop_at_their_limit(fresh: World, tmp_path: Path) -> None:
    asked(fresh, 0)
    fresh.chain.ask("evm_setAutomine", False)
    limit = 3 * 10**9
    options = replace(QUICK, bump_after_s=0.05, max_fee_wei=limit)
    with oracle_node(fresh, tmp_path / "queue.db", options=options) as node:
        for _ in range(12):
            node.step()
            time.sleep(0.06)
        fees = [entry.signed.fees.max_fee_wei for entry in node.store.transactions()]
    assert max(fees) <= limit
    assert len(fees) < 10


def test_a_transaction_that_the_node_forgot_is_sent_again(fresh: World, tmp_path: Path) -> None:
    request_id = asked(fresh, 0)
    fresh.chain.ask("evm_setAutomine", False)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        until(lambda: "sent" in stepped(node))
    fresh.chain.ask("anvil_dropAllTransactions")
    fresh.chain.ask("evm_setAutomine", True)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        node.run(once=True)
        assert names(node).count("sent") == names(node).count("proved") == 0
    assert answers(fresh)[request_id] == 1
    assert fresh.connection.nonce(node_signer().address) == 1


def test_an_answer_that_comes_too_late_holds_up_no_other(fresh: World, tmp_path: Path) -> None:
    """The request expires while its answer waits: the nonce is used up by an empty transaction."""
    late = asked(fresh, 0, valid_for=60)
    fresh.chain.ask("evm_setAutomine", False)
    with oracle_node(fresh, tmp_path / "queue.db", options=replace(QUICK, bump_after_s=0.2)) as node:
        until(lambda: "sent" in stepped(node))
        fresh.chain.ask("anvil_dropAllTransactions")
        fresh.chain.advance(61)
        time.sleep(0.25)
        fresh.chain.ask("evm_setAutomine", True)
        for _ in range(5):
            node.step()
        other = asked(fresh, 1)
        node.run(once=True)
    assert answers(fresh) == {other: 1}
    assert late not in answers(fresh)
    assert fresh.connection.nonce(node_signer().address) == 2
    assert transactions_of_the_node(fresh) == [1, 1]


def test_an_answer_of_somebody_else_is_taken_as_one(fresh: World, tmp_path: Path) -> None:
    """Anyone may answer. Whoever comes second sends nothing."""
    request_id = asked(fresh, 0)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        until(lambda: "proved" in stepped(node))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(oracles, "NODE_ACCOUNT", 6)
        with oracle_node(fresh, tmp_path / "other.db") as node:
            node.run(once=True)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        node.run(once=True)
        assert "sent" not in names(node)
    assert answers(fresh)[request_id] == 1
    assert fresh.connection.nonce(node_signer().address) == 0


def test_a_nonce_that_another_hand_used(fresh: World, tmp_path: Path) -> None:
    """Against the rules, somebody sends from the node's account. The answer gets another nonce."""
    request_id = asked(fresh, 0)
    fresh.chain.ask("evm_setAutomine", False)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        until(lambda: "sent" in stepped(node))
        fresh.chain.ask("anvil_dropAllTransactions")
        fresh.chain.ask("evm_setAutomine", True)
        send(fresh.connection, node_signer(), Call(fresh.user.address, b"", "a payment", 1))
        node.run(once=True)
        assert {entry.signed.nonce for entry in node.store.transactions(request_id=request_id)} == {0, 1}
    assert answers(fresh)[request_id] == 1


# Reorganizations. -----------------------------------------------------------------------------------------------------


def test_an_answer_that_is_reorganized_away_is_given_again(fresh: World, tmp_path: Path) -> None:
    request_id = asked(fresh, 0)
    before = fresh.chain.ask("evm_snapshot")
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        node.run(once=True)
        assert answers(fresh)[request_id] == 1
        fresh.chain.ask("evm_revert", before)
        assert answers(fresh)[request_id] == 0
        node.run(once=True)
        assert "answer_lost" in names(node)
        assert names(node).count("proved") == names(node).count("sent") == 1, "the same transaction serves again"
    assert answers(fresh)[request_id] == 1
    assert fresh.connection.nonce(node_signer().address) == 1


def test_a_request_that_moves_to_another_block(fresh: World, tmp_path: Path) -> None:
    before = fresh.chain.ask("evm_snapshot")
    asked(fresh, 0)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        node.run(once=True)
        fresh.chain.ask("evm_revert", before)
        node.run(once=True)
        assert "gone" in names(node)
        fresh.chain.ask("anvil_mine", "0x3")
        request_id = asked(fresh, 0)
        node.run(once=True)
    assert answers(fresh) == {request_id: 1}


def test_another_request_gets_the_id(fresh: World, tmp_path: Path) -> None:
    """After the reorganization, request 1 asks something else: the old proof must not answer it."""
    before = fresh.chain.ask("evm_snapshot")
    first = asked(fresh, 0)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        node.run(once=True)
        fresh.chain.ask("evm_revert", before)
        second = asked(fresh, 1)
        assert first == second
        node.run(once=True)
        request = node.store.request(second)
        assert request is not None
        assert request.proof is not None
        values = decode_public_values(request.proof.output)
    assert values[:3] == [int(value) for value in fresh.public.inputs[1]]
    assert answers(fresh) == {second: 1}
    assert all(transactions_of_the_node(fresh))


def test_a_reorganization_by_anvil(fresh: World, tmp_path: Path) -> None:
    """Blocks are replaced by empty ones: both request and answer disappear, and come again."""
    asked(fresh, 0)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        node.run(once=True)
        fresh.chain.ask("anvil_mine", "0x2")
        fresh.chain.ask("anvil_reorg", 4, [])
        node.run(once=True)
        assert "gone" in names(node)
        again = asked(fresh, 2)
        node.run(once=True)
    assert answers(fresh) == {again: 1}


def test_answers_become_final(fresh: World, tmp_path: Path) -> None:
    request_id = asked(fresh, 0)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        node.run(once=True)
        fresh.chain.ask("anvil_mine", hex(QUICK.depth + 1))
        node.step()
        assert node.store.unfinished() == []
        assert node.store.counts() == {"final": 1}
        assert request_id == 1
        assert node.store.transactions() == []


def test_a_model_that_is_served_later_misses_nothing(fresh: World, tmp_path: Path) -> None:
    oracle = fresh.address("InferenceOracle")
    served = ServedModel.of(fresh.hidden.proving_key, lambda model_id, commitment: fresh.hidden.inputs[0])
    request = OracleRequest(fresh.ids["hidden"], fresh.now() + 600, [], input_commitment=bytes(31) + b"\1")
    first, _ = ask(fresh.connection, fresh.user, oracle, request)
    second = asked(fresh, 0)
    with oracle_node(fresh, tmp_path / "queue.db") as node:
        node.run(once=True)
        fresh.chain.ask("anvil_mine", hex(3 * QUICK.depth))
        node.step()
        assert node.store.request(first) is None
        models = {**node.models, served.model_id: served}
    with oracle_node(fresh, tmp_path / "queue.db", models=models) as node:
        node.step()
        assert node.store.request(first) is not None
    assert answers(fresh) == {second: 1}


def stepped(node: Node) -> list[str]:
    """What the node has logged after one more step."""
    node.step()
    return names(node)


def until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Waits until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class FullDisk:
    """A database whose disk is full when a transaction is to be stored."""

    def __init__(self, real: Any) -> None:
        self.real, self.full = real, True

    def execute(self, statement: str, values: Any = ()) -> Any:
        if self.full and "INTO transactions" in statement:
            raise sqlite3.OperationalError("database or disk is full")
        return self.real.execute(statement, values)

    def close(self) -> None:
        self.real.close()


def test_nothing_is_sent_while_the_disk_is_full(world: World, tmp_path: Path) -> None:
    request_id = asked(world, 7)
    with oracle_node(world, tmp_path / "queue.db") as node:
        disk = FullDisk(node.store._db)
        node.store._db = disk  # type: ignore[assignment]
        until(lambda: "attempt_failed" in stepped(node))
        assert next(e for e in events(node) if e["event"] == "attempt_failed")["error"] == "OutOfDisk"
        assert answers(world)[request_id] == 0
        disk.full = False
        until(lambda: "answered" in stepped(node))
    assert answers(world)[request_id] == 1


def test_a_fee_that_does_not_pay_is_not_answered(world: World, tmp_path: Path) -> None:
    cheap, dear = asked(world, 0, fee_wei=10), asked(world, 1, fee_wei=10**17)
    with oracle_node(world, tmp_path / "queue.db", options=replace(QUICK, at_a_loss=False)) as node:
        until(lambda: "answered" in stepped(node) and "attempt_failed" in names(node))
        assert next(e for e in events(node) if e["event"] == "attempt_failed")["error"] == "OutOfFunds"
    assert (answers(world)[cheap], answers(world)[dear]) == (0, 1)
