"""Fixtures: each test gets a new database, SQLite and PostgreSQL alike, and a vault over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.service.core.worlds import World, small_key_file
from tests.service.postgres import PostgresServer, require_programs

from zkseal.service.artifacts import Vault, open_store
from zkseal.service.at_rest import MasterKey, MasterKeys
from zkseal.service.database import Database


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server for all tests that do not kill it. Nothing of it has to survive a power cut."""
    require_programs()
    server = PostgresServer(fsync=False)
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a new database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'service.sqlite'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        with server.database() as found:
            yield found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database.open(url)
    yield opened
    opened.close()


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    return Vault(database, open_store(str(tmp_path / "artifacts"), create=True), MasterKeys(MasterKey.generate()))


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The proving key of a small model."""
    return small_key_file(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def world(vault: Vault, key_file: Path) -> World:
    """A tenant with a model."""
    return World.of(vault, key_file)
