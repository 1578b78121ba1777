"""`Database`: transactions that are durable when they end, and tried again when the database was busy or gone.

SQLite: write-ahead log, `synchronous = FULL` (a transaction that ended survives a power cut), `secure_delete` (deleted
keys are overwritten), writers take turns by `BEGIN IMMEDIATE`. PostgreSQL: read committed, `synchronous_commit = on`;
whoever changes a job or counts for a quota locks the row that it is about.

A transaction whose commit was sent and not answered may have been committed. `run` tries it again all the same, so what
runs in it has to have no second effect: every change of a job compares the state that it changes from, and what is
inserted has an identifier that the caller made before.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from zkseal.errors import FileUnavailable, MissingDependency, OutOfDisk, ServiceError, StorageUnavailable
from zkseal.service.database.migrations import migrate

__all__ = ["Connection", "Database"]

Result = TypeVar("Result")

BUSY_S = 5.0
"""How long SQLite waits for another writer before it says that it is busy."""
RETRY_FOR_S = 15.0
"""How long `run` tries again. A restart of PostgreSQL takes a few seconds."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 1.0

_READING = {"zkseal_reading": True}


class Database:
    """One database, used by many threads. `close` it when done."""

    def __init__(self, engine: Engine, *, retry_for_s: float = RETRY_FOR_S) -> None:
        """Of an engine that `open` made."""
        self._engine = engine
        self.retry_for_s = retry_for_s

    @staticmethod
    def open(url: str, *, pool: int = 8, retry_for_s: float = RETRY_FOR_S) -> Database:
        """Opens a database, makes it where it is missing (SQLite), and brings it to the newest schema.

        Args:
            url: `sqlite:////folder/service.sqlite` or `postgresql://user@host/name`; passwords are better left to
                `PGPASSFILE` or the socket's own authentication.
            pool: connections that are kept open.
            retry_for_s: how long work is tried again that met a busy or missing database, in seconds.

        Raises:
            StorageUnavailable: the URL is of no database that the service knows, or nobody answers there.
            FileUnavailable, OutOfDisk: the file cannot be made or opened.
            MissingDependency: psycopg is needed and not installed.
            UnknownVersion: a later release wrote the database.
        """
        database = Database(_engine(_parsed(url), pool), retry_for_s=retry_for_s)
        try:
            database.run(migrate)
        except BaseException:
            database.close()
            raise
        return database

    @property
    def postgresql(self) -> bool:
        """Whether it is a PostgreSQL database; else it is SQLite."""
        return self._engine.dialect.name == "postgresql"

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        return None if self.postgresql else Path(str(self._engine.url.database))

    @property
    def url(self) -> str:
        """Where it is, without a password."""
        return self._engine.url.render_as_string(hide_password=True)

    @property
    def secret_url(self) -> str:
        """Where it is, with a password if it was given one: for other programs that connect."""
        return self._engine.url.render_as_string(hide_password=False)

    def __repr__(self) -> str:
        return f"Database({self.url!r})"

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, in one transaction that is durable when this returns.

        `work` is called again, in a new transaction, when the database was busy, when the connection was lost, or when
        two transactions collided. What it raises of its own ends the transaction without a change.

        Raises:
            StorageUnavailable: the database did not answer for `retry_for_s`.
            OutOfDisk: it has no room; nothing was changed.
        """
        return self._trying(work, reading=False)

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` reads, all of one moment; it must not write. Raises as `run`."""
        return self._trying(work, reading=True)

    def empty_log(self) -> bool:
        """SQLite: empties the write-ahead log, which holds earlier versions of what was overwritten; whether it did.

        It waits for those who read, as long as for another writer. PostgreSQL: its log is the operator's to archive.

        Raises:
            StorageUnavailable, OutOfDisk: the file cannot be written.
        """
        if self.postgresql:
            return False
        try:
            # Not by SQLAlchemy, which would begin a transaction.
            with contextlib.closing(self._engine.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                (busy, *_) = cursor.fetchone() or (1,)
        except (sqlite3.Error, PoolTimeout) as error:
            raise _typed(error, self.url) from error
        return not busy

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    def _trying(self, work: Callable[[Connection], Result], *, reading: bool) -> Result:
        until = time.monotonic() + self.retry_for_s
        pause = _FIRST_PAUSE_S
        while True:
            try:
                with self._transaction(reading) as connection:
                    return work(connection)
            except (DBAPIError, PoolTimeout) as error:
                if not _passes(error) or time.monotonic() + pause > until:
                    raise _typed(error, self.url) from error
            # Others met the same trouble: not all of them should come back at once.
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries, hides nothing
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    @contextlib.contextmanager
    def _transaction(self, reading: bool) -> Iterator[Connection]:
        engine = self._engine
        if reading:
            level = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if self.postgresql else _READING
            engine = engine.execution_options(**level)
        with engine.begin() as connection:
            yield connection


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise _unknown(url) from error
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:") and not parsed.query:
        return parsed
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    raise _unknown(parsed.drivername)


def _unknown(what: str) -> StorageUnavailable:
    shown = what.partition(":")[0]
    return StorageUnavailable(
        f"'{shown}' begins the URL of no database that the service knows. Write sqlite:////folder/service.sqlite or "
        "postgresql://user@host/name.",
        store="database",
        reason="unknown kind of database",
    )


def _engine(url: URL, pool: int) -> Engine:
    if url.drivername == "sqlite":
        _make_file(Path(str(url.database)))
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_S, "check_same_thread": False}}
    else:
        # A connection that PostgreSQL closed meanwhile is noticed before it is used.
        options = {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5}}
    try:
        engine = create_engine(url, pool_size=pool, max_overflow=pool, pool_timeout=10, hide_parameters=True, **options)
    except (ImportError, NoSuchModuleError) as error:
        raise MissingDependency(
            "PostgreSQL needs psycopg. Install it: pip install 'zkseal[postgresql]'.", package="psycopg"
        ) from error
    if url.drivername == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_file(path: Path) -> None:
    """An empty file that only its owner may read, if there is none."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(
            f"Cannot open the database '{path}': {reason}. Make its folder, or name another one.",
            path=str(path),
            reason=reason,
        ) from error


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    # None: the driver begins no transactions of its own, `_begin_sqlite` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reader that begins to write later could not wait for its turn: SQLite would refuse it at once.
    reading = connection.get_execution_options().get("zkseal_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


_TRANSIENT_STATES = ("08", "23505", "40", "53300", "55P03", "57P0")
"""SQLSTATE of PostgreSQL: lost connections, collisions, too many connections, lock timeouts, shutdown and restart.

Two transactions that insert the same collide as 23505; begun anew, the second one sees what the first one did.
"""


def _passes(error: DBAPIError | PoolTimeout) -> bool:
    """Whether the same work may succeed a little later."""
    if isinstance(error, PoolTimeout) or error.connection_invalidated:
        return True
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        code = (getattr(origin, "sqlite_errorcode", None) or 0) & 0xFF
        return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    state = getattr(origin, "sqlstate", None)
    if state is None:
        # The connection broke, or was never made: PostgreSQL had no say.
        return type(origin).__name__ == "OperationalError"
    return str(state).startswith(_TRANSIENT_STATES)


def _typed(error: DBAPIError | PoolTimeout | sqlite3.Error, url: str) -> ServiceError | OutOfDisk:
    origin = error.orig if isinstance(error, DBAPIError) else error
    full = (getattr(origin, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_FULL
    # 53100 is PostgreSQL's disk_full.
    if full or getattr(origin, "sqlstate", None) == "53100":
        return OutOfDisk(f"No space is left for the database {url}; nothing was changed. Free some space.", path=url)
    # The driver's text may quote a statement's values; its class and code do not.
    reason = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None) or type(origin).__name__
    return StorageUnavailable(
        f"The database {url} does not answer as it should ({reason}). Look at its log; what was asked may be asked "
        "again.",
        store="database",
        reason=str(reason),
    )
