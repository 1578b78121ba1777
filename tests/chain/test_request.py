"""Requests to the oracle, as who asks sees them."""

from __future__ import annotations

import pytest
from tests.chain.worlds import World

from zkseal.chain.inference import decode_inputs, encode_inputs
from zkseal.chain.request import OracleRequest, RequestStatus, ask, status_of, wait_for_answer
from zkseal.errors import RequestUnanswered, StatementMismatch, TransactionReverted
from zkseal.pipeline.interface import Interface


def interface(world: World) -> Interface:
    return Interface.of(world.public.verifying_key.relation)


def test_public_inputs_are_the_integers_of_the_model(world: World) -> None:
    row = world.public.inputs[0]
    integers = encode_inputs(interface(world), {"X": row})
    assert integers == [int(value) for value in row]
    assert decode_inputs(interface(world), integers)["X"].reshape(-1).tolist() == row.tolist()


def test_integers_of_another_model(world: World) -> None:
    for wrong in ([], [1, 2], [1, 2, 3, 4]):
        with pytest.raises(StatementMismatch):
            decode_inputs(interface(world), wrong)
    with pytest.raises(StatementMismatch):
        encode_inputs(interface(world), {"X": [1.0, 2.0]})
    with pytest.raises(StatementMismatch):
        encode_inputs(interface(world), {})


def test_nobody_answers(world: World) -> None:
    oracle, deadline = world.address("InferenceOracle"), world.now() + 60
    request = OracleRequest(world.ids["public"], deadline, [1000, 1000, 1000], fee_wei=5)
    request_id, block = ask(world.connection, world.user, oracle, request)
    assert status_of(world.connection, oracle, request_id) == RequestStatus.PENDING
    with pytest.raises(RequestUnanswered) as caught:
        wait_for_answer(world.connection, oracle, request_id, since_block=block, deadline=deadline, timeout_s=0.1)
    assert caught.value.status == "pending"
    world.chain.advance(61)
    with pytest.raises(RequestUnanswered):
        wait_for_answer(world.connection, oracle, request_id, since_block=block, deadline=deadline, timeout_s=60)


def test_a_request_without_inputs(world: World) -> None:
    with pytest.raises(TransactionReverted) as caught:
        ask(
            world.connection,
            world.user,
            world.address("InferenceOracle"),
            OracleRequest(world.ids["public"], world.now() + 60),
        )
    assert caught.value.error == "InputNotBound"


def test_a_request_that_is_not_there(world: World) -> None:
    assert status_of(world.connection, world.address("InferenceOracle"), 10**6) == RequestStatus.UNKNOWN
