"""Transactions and schema, on both databases."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, inspect, select, update
from tests.service.postgres import PostgresServer

from zkseal.errors import FileUnavailable, StorageUnavailable, UnknownVersion
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.migrations import MIGRATIONS
from zkseal.service.database.tables import facts, metadata, model_segments


def count_up(connection: Connection) -> None:
    value = connection.execute(select(facts.c.value).where(facts.c.name == "n").with_for_update()).scalar_one()
    connection.execute(update(facts).where(facts.c.name == "n").values(value=str(int(value) + 1)))


def counted(database: Database) -> int:
    query = select(facts.c.value).where(facts.c.name == "n")
    return int(database.read(lambda connection: connection.execute(query).scalar_one()))


@pytest.fixture
def counter(database: Database) -> Database:
    database.run(lambda connection: connection.execute(insert(facts).values(name="n", value="0")))
    return database


def test_the_migrated_schema_is_that_of_the_tables(database: Database) -> None:
    def compare(connection: Connection) -> None:
        found = inspect(connection)
        assert set(found.get_table_names()) == set(metadata.tables)
        for name, table in metadata.tables.items():
            columns = {column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(name)}
            kinds = {c.name: (c.type.compile(connection.dialect), c.nullable) for c in table.columns}
            nullable_keys = {c.name for c in table.primary_key} if not database.postgresql else set()
            assert columns.keys() == kinds.keys(), name
            for column, (kind, null) in kinds.items():
                # SQLite lets keys be null unless told otherwise; ours never are.
                assert columns[column][0] == kind, (name, column)
                assert column in nullable_keys or columns[column][1] == null, (name, column)
            assert found.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]
            indexes = {
                (index["name"], tuple(index["column_names"]), bool(index["unique"]))
                for index in found.get_indexes(name)
            }
            assert indexes == {(i.name, tuple(c.name for c in i.columns), bool(i.unique)) for i in table.indexes}, name

    database.read(compare)


def test_processes_that_open_at_once_migrate_once(empty_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: Database.open(empty_url), range(6)))
    steps = opened[0].read(lambda c: c.exec_driver_sql("SELECT version FROM schema_version").fetchall())
    assert [version for (version,) in steps] == list(range(1, len(MIGRATIONS) + 1))
    for database in opened:
        database.close()


def test_a_database_of_the_first_schema_is_brought_up_to_date(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("zkseal.service.database.migrations.MIGRATIONS", MIGRATIONS[:1])
        Database.open(empty_url).close()
    database = Database.open(empty_url)
    assert database.read(lambda c: c.execute(select(model_segments)).all()) == []
    steps = database.read(lambda c: c.exec_driver_sql("SELECT version FROM schema_version").fetchall())
    assert sorted(version for (version,) in steps) == list(range(1, len(MIGRATIONS) + 1))
    database.close()


def test_a_database_of_a_later_release_is_refused(url: str, database: Database) -> None:
    later = len(MIGRATIONS) + 1
    database.run(lambda c: c.exec_driver_sql(f"INSERT INTO schema_version VALUES ({later}, 0)"))
    with pytest.raises(UnknownVersion) as raised:
        Database.open(url)
    assert raised.value.got == later


def test_what_raises_changes_nothing(counter: Database) -> None:
    def interrupted(connection: Connection) -> None:
        count_up(connection)
        raise KeyError

    with pytest.raises(KeyError):
        counter.run(interrupted)
    assert counted(counter) == 0


def test_writers_take_turns(counter: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counter.run(count_up), range(60)))
    assert counted(counter) == 60


def test_a_reader_sees_one_moment(counter: Database) -> None:
    def read_twice(connection: Connection) -> tuple[int, int]:
        query = select(facts.c.value).where(facts.c.name == "n")
        before = int(connection.execute(query).scalar_one())
        other = threading.Thread(target=counter.run, args=(count_up,))
        other.start()
        other.join()
        return before, int(connection.execute(query).scalar_one())

    assert counter.read(read_twice) == (0, 0)
    assert counted(counter) == 1


def test_the_clock_is_in_milliseconds_and_moves_within_a_transaction(database: Database) -> None:
    def twice(connection: Connection) -> tuple[int, int]:
        first = now_ms(connection)
        time.sleep(0.02)
        return first, now_ms(connection)

    first, second = database.read(twice)
    assert 15 <= second - first < 2000
    assert abs(first - time.time() * 1000) < 5000


def test_a_connection_that_postgresql_killed_is_made_anew_and_the_work_done_once(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with postgres.database() as url:
        database = Database.open(url)
        database.run(lambda connection: connection.execute(insert(facts).values(name="n", value="0")))
        tries = []

        def killed_at_first(connection: Connection) -> None:
            count_up(connection)
            tries.append(1)
            if len(tries) == 1:
                pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
                with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
                    admin.execute("SELECT pg_terminate_backend(%s)", (pid,))

        database.run(killed_at_first)
        assert len(tries) == 2
        assert counted(database) == 1
        database.close()


def test_a_busy_sqlite_is_waited_for_and_then_said_to_be_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zkseal.service.database.database.BUSY_S", 0.2)
    path = tmp_path / "service.sqlite"
    database = Database.open(f"sqlite:///{path}", retry_for_s=1.5)
    database.run(lambda connection: connection.execute(insert(facts).values(name="n", value="0")))
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.5, lambda: other.execute("ROLLBACK"))
    timer.start()
    database.run(count_up)
    timer.join()
    assert counted(database) == 1
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable) as raised:
        database.run(count_up)
    assert raised.value.store == "database"
    other.close()
    database.close()


def test_a_postgresql_that_is_not_there_is_said_to_be_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        Database.open(f"postgresql://user:secret@/nothing?host={tmp_path}", retry_for_s=0.2)


@pytest.mark.parametrize("url", ["mysql://somewhere/x", "sqlite://", "sqlite:///:memory:", "no url", "sqlite:///a?b=c"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(StorageUnavailable):
        Database.open(url)


def test_a_password_is_in_no_message_and_no_representation(tmp_path: Path) -> None:
    url = f"postgresql://user:hunter2@/nothing?host={tmp_path}"
    with pytest.raises(StorageUnavailable) as raised:
        Database.open(url, retry_for_s=0.0)
    assert "hunter2" not in str(raised.value)
    assert "hunter2" not in repr(raised.value)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailable):
        Database.open(f"sqlite:///{tmp_path}/none/service.sqlite")


def test_a_sqlite_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "service.sqlite"
    Database.open(f"sqlite:///{path}").close()
    assert path.stat().st_mode & 0o077 == 0


def test_sqlite_flushes_every_transaction_and_overwrites_what_is_deleted(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'service.sqlite'}")
    pragmas = ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
    found = [database.read(lambda c, p=p: c.exec_driver_sql(f"PRAGMA {p}").scalar_one()) for p in pragmas]
    assert found == ["wal", 2, 1, 1]
    database.close()
