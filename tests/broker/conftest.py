"""Fixtures: vendors are made once, brokers for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.broker.vendors import SnpVendor, TpmVendor
from tests.broker.worlds import DEVELOPMENT, NOW, Enclave, World

from zkseal.broker import KeyBroker
from zkseal.tee import Assurance


@pytest.fixture(scope="session")
def snp() -> SnpVendor:
    return SnpVendor(NOW)


@pytest.fixture(scope="session")
def tpm() -> TpmVendor:
    return TpmVendor(NOW)


@pytest.fixture
def world(tmp_path: Path, snp: SnpVendor, tpm: TpmVendor) -> World:
    return World(tmp_path, snp, tpm)


@pytest.fixture
def broker(world: World) -> Iterator[KeyBroker]:
    opened = world.broker()
    yield opened
    opened.close()


@pytest.fixture
def enclave(world: World, broker: KeyBroker) -> Enclave:
    """Asks for a production model that is registered."""
    return Enclave(world.added(broker, world.sealed()))


@pytest.fixture
def sandbox(world: World, broker: KeyBroker) -> Enclave:
    """Asks for a development model that is registered."""
    model = world.sealed(policy=DEVELOPMENT, minimum=Assurance.SANDBOX, name="toy")
    return Enclave(world.added(broker, model, DEVELOPMENT), Assurance.SANDBOX)
