"""Keys of a small model, made once."""

from __future__ import annotations

import numpy as np
import pytest

from zkseal import pipeline
from zkseal.conftest import tiny_graph
from zkseal.pipeline import ProvingKey
from zkseal.proving import VerifyingKey


@pytest.fixture(scope="session")
def tiny_keys() -> tuple[ProvingKey, VerifyingKey]:
    """Proving and verifying key of four inputs, a hidden layer and two outputs."""
    samples = np.random.default_rng(5).normal(size=(64, 4)).astype(np.float32)
    return pipeline.setup(pipeline.compile(tiny_graph(), samples))
