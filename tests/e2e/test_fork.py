"""Processes that fork after the prover has used its threads: task queues and web servers do."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest
from tests.e2e import small_models

import zkseal

PATIENCE_S = 30.0


@pytest.mark.native
def test_a_forked_child_proves_and_verifies() -> None:
    samples = small_models.SAMPLES
    proving_key, verifying_key = zkseal.setup(zkseal.compile(small_models.perceptron(), samples))
    zkseal.prove(proving_key, samples[:1])
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def work() -> None:
        result = zkseal.prove(proving_key, samples[:1], context=b"child")
        zkseal.verify(result.receipt, verifying_key, context=b"child")
        theirs.send(result.receipt.to_cbor())

    child = context.Process(target=work, daemon=True)
    child.start()
    try:
        assert ours.poll(PATIENCE_S), "the child waits for threads that it does not have"
        receipt = zkseal.Receipt.from_cbor(ours.recv())
    finally:
        child.kill()
        child.join()
    statement = zkseal.verify(receipt, verifying_key, context=b"child")
    assert all(np.isfinite(values).all() for values in statement.outputs.values())
