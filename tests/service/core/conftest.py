"""Fixtures: each test gets a new database, SQLite and PostgreSQL alike, and a vault over it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.service.core.worlds import World, small_key_file
from tests.service.postgres import PostgresServer, memory, require_programs

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


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer) -> Iterator[str]:
    """The name of a database with all tables and nothing in them."""
    with postgres.database() as url:
        Database.open(url).close()
        yield url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """For databases and artifacts: in memory, where there is room, since every test flushes all the time."""
    if (found := memory()) is None:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="zkseal-tests-", dir=found) as made:
        yield Path(made)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Of a new, empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{folder / 'empty.sqlite'}"
    else:
        with request.getfixturevalue("postgres").database() as found:
            yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Of a new database of each kind, with all tables."""
    if request.param == "sqlite":
        found = f"sqlite:///{folder / 'service.sqlite'}"
        Database.open(found).close()
        yield found
    else:
        name = request.getfixturevalue("migrated")
        with request.getfixturevalue("postgres").database(like=name) as found:
            yield found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database.open(url)
    yield opened
    opened.close()


@pytest.fixture
def vault(database: Database, folder: Path) -> Vault:
    return Vault(database, open_store(str(folder / "artifacts"), create=True), MasterKeys(MasterKey.generate()))


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The proving key of a small model."""
    return small_key_file(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def world(vault: Vault, key_file: Path) -> World:
    """A tenant with a model."""
    return World.of(vault, key_file)
