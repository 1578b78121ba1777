"""One service with a worker for all tests that leave it as it was; keys of its models are made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.service.http.served import CONTEXT, KeyFiles, Served, inputs, make_key_files, serving

from zkseal.receipts import Receipt


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFiles:
    return make_key_files(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, keys: KeyFiles) -> Iterator[Served]:
    """With a worker."""
    with serving(tmp_path_factory.mktemp("service") / "service", keys, worker=True) as found:
        yield found


@pytest.fixture(scope="session")
def unworked(tmp_path_factory: pytest.TempPathFactory, keys: KeyFiles) -> Iterator[Served]:
    """Without a worker: jobs stay in the queue. For tests that make none."""
    with serving(tmp_path_factory.mktemp("unworked") / "service", keys) as found:
        yield found


@pytest.fixture
def idle(unworked: Served, request: pytest.FixtureRequest) -> Served:
    """The same service, for a tenant of the test's own."""
    return unworked.for_new_tenant(f"tenant {abs(hash(request.node.name))}")


@pytest.fixture(scope="session")
def receipt(served: Served, keys: KeyFiles) -> Receipt:
    """Of the first input, for `CONTEXT`."""
    with served.client() as client:
        return client.prove(client.model(keys.model_id), inputs()["x"], context=CONTEXT).receipt
