"""Real chains: anvil is started, contracts are deployed, models are compiled, set up and registered."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.chain.worlds import Model, World, keys_of, populated

from zkseal.chain.address_book import AddressBook
from zkseal.chain.deployment import deploy
from zkseal.chain.local import LocalChain, find_anvil, local_chain, local_signer
from zkseal.errors import MissingDependency


@pytest.fixture(scope="session")
def hidden_model() -> Model:
    """Four hidden inputs, hidden weights, a public class."""
    from sklearn.linear_model import LogisticRegression

    rows = np.random.default_rng(1).normal(size=(120, 4)).astype(np.float32)
    return keys_of(LogisticRegression().fit(rows, rows[:, 0] + rows[:, 1] > 0.5), rows)


@pytest.fixture(scope="session")
def public_model() -> Model:
    """Three public inputs that are whole numbers, hidden weights, a public class among -1, 0, 1."""
    from sklearn.linear_model import LogisticRegression

    rows = np.random.default_rng(2).integers(900, 1100, size=(200, 3)).astype(np.float32)
    classes = np.sign(np.round((rows[:, 2] - rows.mean(axis=1)) / 40)).astype(int)
    return keys_of(LogisticRegression(max_iter=2000).fit(rows, classes), rows, inputs="public")


@pytest.fixture(scope="session", autouse=True)
def anvil() -> str:
    """anvil is there, or there is no Node to install it with."""
    try:
        return find_anvil()
    except MissingDependency:
        if shutil.which("npm") is None:
            pytest.skip("anvil comes from npm, which is not installed")
        raise


@pytest.fixture
def chain() -> Iterator[LocalChain]:
    """A new chain."""
    with local_chain() as running:
        yield running


@pytest.fixture
def registry(chain: LocalChain, tmp_path: Path) -> str:
    """Address of a registry on a new chain; account 0 deployed it."""
    book = AddressBook(tmp_path / "book.json")
    deploy(chain.connection, local_signer(0), book, contracts=["ZksealVerifier", "ModelRegistry"])
    return book.address(chain.connection, "ModelRegistry")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, hidden_model: Model, public_model: Model) -> Iterator[World]:
    """A chain for the tests of a module. What one does on it, the next one sees."""
    with local_chain() as running:
        yield populated(running, tmp_path_factory.mktemp("chain"), hidden_model, public_model)
