"""Fixtures: one proving key for all, a world of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.enclave.worlds import World, proving_key

import zkseal
from zkseal.enclave import EnclaveHost, application
from zkseal.http_server.server import Server


@pytest.fixture(scope="session")
def key() -> zkseal.ProvingKey:
    return proving_key()


@pytest.fixture
def world(tmp_path: Path, key: zkseal.ProvingKey) -> World:
    world = World.of(tmp_path, key)
    world.seal()
    return world


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory, key: zkseal.ProvingKey) -> World:
    world = World.of(tmp_path_factory.mktemp("world"), key)
    world.seal()
    return world


@pytest.fixture(scope="module")
def host(shared_world: World) -> Iterator[EnclaveHost]:
    """An enclave with its model, for tests that leave it as it is."""
    with shared_world.enclave() as host:
        yield host


@pytest.fixture(scope="module")
def url(host: EnclaveHost) -> Iterator[str]:
    with Server(application(host), "127.0.0.1", 0).in_background() as url:
        yield url
