"""A small model, its proof and its answers, and an enclave in miniature that signs them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.appraisal.mini import CONTEXT, MiniEnclave

from zkseal import pipeline
from zkseal.conftest import tiny_graph
from zkseal.pipeline import Answer, ProvingKey
from zkseal.proving import VerifyingKey
from zkseal.receipts import Receipt

Keys = tuple[ProvingKey, VerifyingKey]


@pytest.fixture(scope="session")
def samples() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(16, 4)).astype(np.float32)


@pytest.fixture(scope="session")
def keys(samples: np.ndarray) -> Keys:
    return pipeline.setup(pipeline.compile(tiny_graph(), samples))


@pytest.fixture(scope="session")
def answer(keys: Keys, samples: np.ndarray) -> Answer:
    return pipeline.answer(keys[0], samples[3], context=CONTEXT)


@pytest.fixture(scope="session")
def proved(keys: Keys, samples: np.ndarray, answer: Answer) -> Receipt:
    return pipeline.prove(keys[0], samples[3], context=CONTEXT, opening=answer.opening).receipt


@pytest.fixture(scope="session")
def enclave(keys: Keys) -> MiniEnclave:
    return MiniEnclave.start(keys[0])
