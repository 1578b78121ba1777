"""Backups: a copy of the database and of every blob that it names, while the service runs. Never the master key.

While a backup is made, nobody deletes blobs (they are held), so that what the copied database names is there to be
copied. A folder that holds an earlier backup is brought up to date: blobs never change, and those that are there are
not copied again. What was deleted since is deleted from it too.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import make_url

from zkseal.errors import FileUnavailable, MissingDependency, NotFound, StorageUnavailable
from zkseal.files.atomic import write_atomically
from zkseal.service.artifacts.directory import DirectoryStore
from zkseal.service.artifacts.vault import HOLD, Vault
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.migrations import MIGRATIONS
from zkseal.service.database.tables import artifacts, doomed_blobs, facts, tenants

__all__ = ["Backup", "back_up"]

HOLD_S = 600
"""How long blobs are held; renewed while blobs are copied. A backup that dies holds them no longer."""
_COPIED_BETWEEN = 64


@dataclass(frozen=True)
class Backup:
    """What a backup holds, as its `backup.json` says.

    Attributes:
        created_at: milliseconds since 1970.
        database: name of the file in the folder: `database.sqlite`, or `database.dump` for `pg_restore`.
        blobs, copied: blobs in it, and those among them that were not there before.
        master_key_ids: without these master keys it cannot be read.
    """

    created_at: int
    database: str
    schema: int
    blobs: int
    copied: int
    master_key_ids: tuple[str, ...]


def back_up(vault: Vault, folder: Path) -> Backup:
    """Makes a backup in a folder, or brings the one that is there up to date.

    Raises:
        FileUnavailable, OutOfDisk: the folder cannot be written.
        MissingDependency: `pg_dump` is needed and not there.
        StorageUnavailable: the database or the store does not answer.
        NotFound, DigestMismatch: a blob that the database names is missing or damaged: run it again; if it stays,
            the store has lost it.
    """
    store = DirectoryStore.open(folder / "artifacts", create=True)
    with _holding(vault.database):
        name = _copy_database(vault.database, folder)
        named, doomed = vault.database.read(_blobs)
        wanted = named | doomed
        there = set(store.names(older_than_s=0))
        copied = 0
        for blob in sorted(wanted - there):
            if copied % _COPIED_BETWEEN == 0:
                _hold(vault.database)
            # One that was doomed before it could be held may be gone: the copied database does not name it.
            with contextlib.suppress(*(() if blob in named else (NotFound,))):
                store.put(vault.store.read(blob))
                copied += 1
    for blob in there - wanted:
        store.delete(blob)
    keys = vault.database.read(_master_key_ids)
    made = Backup(int(time.time() * 1000), name, len(MIGRATIONS), len(wanted), copied, keys)
    write_atomically(folder / "backup.json", [json.dumps(asdict(made), indent=2).encode() + b"\n"], secret=True)
    return made


@contextlib.contextmanager
def _holding(database: Database) -> Iterator[None]:
    _hold(database)
    try:
        yield
    finally:
        with contextlib.suppress(StorageUnavailable):
            database.run(lambda connection: connection.execute(delete(facts).where(facts.c.name == HOLD)))


def _hold(database: Database) -> None:
    def set_it(connection: Connection) -> None:
        connection.execute(delete(facts).where(facts.c.name == HOLD))
        until = now_ms(connection) + 1000 * HOLD_S
        connection.execute(insert(facts).values(name=HOLD, value=str(until)))

    database.run(set_it)


def _blobs(connection: Connection) -> tuple[set[str], set[str]]:
    """Blobs that rows name now, and blobs whose rows were deleted."""
    named, doomed = (set(connection.execute(select(c)).scalars()) for c in (artifacts.c.blob, doomed_blobs.c.blob))
    return named, doomed


def _master_key_ids(connection: Connection) -> tuple[str, ...]:
    query = select(tenants.c.master_key_id).where(tenants.c.master_key_id.is_not(None)).distinct()
    return tuple(sorted(str(name) for name in connection.execute(query).scalars()))


def _copy_database(database: Database, folder: Path) -> str:
    """Copies the database as of one moment, whole or not at all; the file's name."""
    name = "database.sqlite" if database.path is not None else "database.dump"
    temporary = folder / f"{name}.part"
    temporary.unlink(missing_ok=True)
    try:
        # Made here, so that only its owner may read it from its first byte on.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        if database.path is not None:
            _copy_sqlite(database.path, temporary)
        else:
            _dump(database, temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, folder / name)
    except (OSError, sqlite3.Error) as error:
        reason = str(error)
        raise FileUnavailable(
            f"The database cannot be copied to '{folder}': {reason}. Choose a folder with room that may be written to.",
            path=str(folder),
            reason=reason,
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return name


def _copy_sqlite(source: Path, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(source)) as live, contextlib.closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


def _dump(database: Database, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise MissingDependency(
            "A backup of PostgreSQL needs pg_dump of at least its server's version. Install postgresql-client.",
            package="pg_dump",
        )
    url = make_url(database.secret_url)
    environment = dict(os.environ)
    if url.password is not None:
        # On the command line every user of the machine could read it.
        environment["PGPASSWORD"] = str(url.password)
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    command = [program, "--format=custom", "--no-owner", f"--file={target}", f"--dbname={plain}"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        raise StorageUnavailable(
            f"pg_dump ended with status {done.returncode}. Run it by hand to see why: pg_dump --dbname={database.url}",
            store="database",
            reason="pg_dump",
        )
