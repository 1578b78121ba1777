"""What a broker remembers, in SQLite: models, least versions, nonces, the audit log. One transaction for one decision.

Write-ahead log with `synchronous = FULL`: when `atomically` ends, its changes survive a kill and a power cut. Several
processes may use one file: a revocation on the command line holds for a broker that serves. Triggers refuse what never
happens: an entry of the log that changes or goes, a least version that sinks, a nonce that is used twice.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zkseal.broker.audit import GENESIS, Entry, entry_hash
from zkseal.errors import FileUnavailable, OutOfDisk, UnknownVersion
from zkseal.tee import Assurance

__all__ = ["KnownNonce", "RegisteredModel", "Store", "read_log"]

VERSION = 1
BUSY_S = 15.0
MAX_INTEGER = (1 << 63) - 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS models (
  digest BLOB PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, zk_model_commitment BLOB NOT NULL,
  minimum_assurance INTEGER NOT NULL, policy_digest BLOB NOT NULL, policy TEXT NOT NULL, publisher BLOB NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS minimums (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS nonces (
  digest BLOB PRIMARY KEY, issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS nonces_by_expiry ON nonces (expires_at);
CREATE TABLE IF NOT EXISTS log (sequence INTEGER PRIMARY KEY, entry BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS log_is_not_changed BEFORE UPDATE ON log
  BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_is_not_cut BEFORE DELETE ON log
  BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS minimums_grow BEFORE UPDATE ON minimums WHEN NEW.version < OLD.version
  BEGIN SELECT RAISE(ABORT, 'least versions only grow'); END;
CREATE TRIGGER IF NOT EXISTS revocations_stay BEFORE UPDATE ON models WHEN NEW.revoked < OLD.revoked
  BEGIN SELECT RAISE(ABORT, 'revocations stay'); END;
CREATE TRIGGER IF NOT EXISTS nonces_are_used_once BEFORE UPDATE ON nonces WHEN OLD.used_at IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a nonce is used once'); END;
"""

_MODEL = "digest, name, version, zk_model_commitment, minimum_assurance, policy_digest, policy, publisher, revoked"


@dataclass(frozen=True)
class RegisteredModel:
    """A sealed model whose key may be released.

    Attributes:
        digest: SHA-256 of the sealed model's header.
        zk_model_commitment: model id of the verifying key.
        policy: TOML, under which evidence is appraised.
        publisher: Ed25519 key that signed the header.
    """

    digest: bytes
    name: str
    version: int
    zk_model_commitment: bytes
    minimum_assurance: Assurance
    policy_digest: bytes
    policy: str = field(repr=False)
    publisher: bytes
    revoked: bool = False


@dataclass(frozen=True)
class KnownNonce:
    """A challenge. `used_at` is None until it got its decision. Times are Unix seconds."""

    issued_at: int
    expires_at: int
    used_at: int | None


class Store:
    """One database. Threads take turns; so do processes, by SQLite's lock."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Opens the file; makes it only if asked.

        Raises:
            FileUnavailable: it is not there (or, with `create`, is there), or is no broker's database.
            UnknownVersion: another release wrote it.
        """
        self.path = path
        self._lock = threading.RLock()
        if path.exists() == create:
            reason = "it is there already" if create else "it does not exist"
            text = f"Cannot {'make' if create else 'open'} '{path}': {reason}. `zkseal broker init` makes a broker."
            raise FileUnavailable(text, path=str(path), reason=reason)
        try:
            if create:
                # Digests and names are no secrets, but nobody else has to write here.
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            if create:
                self._db.executescript(f"{SCHEMA} PRAGMA user_version = {VERSION};")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        except (sqlite3.Error, OSError) as error:
            text = f"'{path}' cannot be used as a broker's database: {error}. Name another file."
            raise FileUnavailable(text, path=str(path), reason=str(error)) from error
        if version != VERSION:
            self.close()
            text = f"'{path}' is a broker's database of version {version}; this release knows {VERSION}."
            raise UnknownVersion(text, got=version, expected=VERSION)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def atomically(self) -> Iterator[None]:
        """All changes inside are on the disk when it ends, or none; no other thread or process changes meanwhile."""
        with self._lock:
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Everything that is read inside is of one moment; other processes may write meanwhile."""
        with self._lock:
            self._execute("BEGIN")
            try:
                yield
            finally:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")

    # Facts. -----------------------------------------------------------------------------------------------------------

    def fact(self, key: str) -> bytes | None:
        """A value that is set once."""
        row = self._row("SELECT value FROM facts WHERE key = ?", (key,))
        return None if row is None else bytes(row[0])

    def set_fact(self, key: str, value: bytes) -> None:
        """Sets it."""
        self._execute("INSERT INTO facts VALUES (?, ?)", (key, value))

    # Models. ----------------------------------------------------------------------------------------------------------

    def model(self, digest: bytes) -> RegisteredModel | None:
        """The model of this header."""
        row = self._row(f"SELECT {_MODEL} FROM models WHERE digest = ?", (digest,))  # noqa: S608
        return None if row is None else _model(row)

    def models(self) -> list[RegisteredModel]:
        """All, by name and version."""
        rows = self._rows(f"SELECT {_MODEL} FROM models ORDER BY name, version, digest")  # noqa: S608
        return [_model(row) for row in rows]

    def add_model(self, model: RegisteredModel) -> None:
        """Registers a model that is not there."""
        values = (
            model.digest,
            model.name,
            model.version,
            model.zk_model_commitment,
            int(model.minimum_assurance),
            model.policy_digest,
            model.policy,
            model.publisher,
            int(model.revoked),
        )
        self._execute(f"INSERT INTO models ({_MODEL}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608

    def revoke(self, digest: bytes) -> None:
        """Revokes a header, for ever."""
        self._execute("UPDATE models SET revoked = 1 WHERE digest = ?", (digest,))

    def minimum(self, name: str) -> int:
        """Least version of a name; 0 if none was set."""
        row = self._row("SELECT version FROM minimums WHERE name = ?", (name,))
        return 0 if row is None else int(row[0])

    def minimums(self) -> dict[str, int]:
        """Least versions by name."""
        return {str(name): int(version) for name, version in self._rows("SELECT name, version FROM minimums")}

    def set_minimum(self, name: str, version: int) -> None:
        """Raises the least version; a lower one is refused by the database."""
        self._execute(
            "INSERT INTO minimums VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            (name, version),
        )

    # Nonces. ----------------------------------------------------------------------------------------------------------

    def nonce(self, digest: bytes) -> KnownNonce | None:
        """A challenge by its digest."""
        row = self._row("SELECT issued_at, expires_at, used_at FROM nonces WHERE digest = ?", (digest,))
        return None if row is None else KnownNonce(*row)

    def add_nonce(self, digest: bytes, nonce: KnownNonce) -> None:
        """Remembers a new challenge."""
        values = (digest, nonce.issued_at, nonce.expires_at, nonce.used_at)
        self._execute("INSERT INTO nonces VALUES (?, ?, ?, ?)", values)

    def use_nonce(self, digest: bytes, now: int) -> None:
        """Marks a challenge as decided; a second time is refused by the database."""
        self._execute("UPDATE nonces SET used_at = ? WHERE digest = ?", (now, digest))

    def open_nonces(self, now: int) -> int:
        """Challenges that wait for an answer."""
        row = self._row("SELECT count(*) FROM nonces WHERE expires_at >= ? AND used_at IS NULL", (now,))
        return 0 if row is None else int(row[0])

    def prune_nonces(self, now: int, *, retention_s: int, keep: int) -> None:
        """Forgets challenges that expired long ago, and beyond `keep` of them the oldest that nobody can answer."""
        self._execute("DELETE FROM nonces WHERE expires_at < ?", (now - retention_s,))
        (count,) = self._row("SELECT count(*) FROM nonces", ()) or (0,)
        if count > keep:
            self._execute(
                "DELETE FROM nonces WHERE rowid IN (SELECT rowid FROM nonces "
                "WHERE used_at IS NOT NULL OR expires_at < ? ORDER BY expires_at LIMIT ?)",
                (now, count - keep),
            )

    # Log. -------------------------------------------------------------------------------------------------------------

    def last_entry(self) -> tuple[int, bytes]:
        """Sequence and hash of the last entry; -1 before the first."""
        row = self._row("SELECT sequence, hash FROM log ORDER BY sequence DESC LIMIT 1", ())
        return (-1, GENESIS) if row is None else (int(row[0]), bytes(row[1]))

    def entry_hash(self, sequence: int) -> bytes | None:
        """Hash of an entry, from its content."""
        row = self._row("SELECT entry FROM log WHERE sequence = ?", (sequence,))
        return None if row is None else entry_hash(bytes(row[0]))

    def append(self, now: int, kind: str, fields: dict[str, Any]) -> Entry:
        """Appends an entry; inside `atomically`, with the change that it tells of."""
        sequence, previous = self.last_entry()
        entry = Entry(sequence + 1, now, kind, fields, previous)
        data = entry.to_cbor()
        self._execute("INSERT INTO log VALUES (?, ?, ?)", (entry.sequence, data, entry_hash(data)))
        return entry

    def entries(self, after: int = -1, limit: int = 1000) -> list[Entry]:
        """Entries beyond a sequence, oldest first."""
        return [Entry.from_cbor(data) for data, _ in self.log_rows(after, limit)]

    def log_rows(self, after: int, limit: int) -> list[tuple[bytes, bytes]]:
        """Encodings and hashes beyond a sequence, oldest first. Numbers that SQLite does not have are brought near."""
        query = "SELECT entry, hash FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?"
        values = (max(-1, min(after, MAX_INTEGER)), max(0, min(limit, MAX_INTEGER)))
        return [(bytes(entry), bytes(stored)) for entry, stored in self._rows(query, values)]

    # SQL. -------------------------------------------------------------------------------------------------------------

    def _row(self, query: str, values: Sequence[Any]) -> tuple[Any, ...] | None:
        found = self._rows(query, values)
        return found[0] if found else None

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._execute(query, values)

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Runs one statement and takes its rows. Raises `OutOfDisk`, `FileUnavailable`."""
        try:
            with self._lock:
                return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            reason = str(error)
            kind = OutOfDisk if "full" in reason else FileUnavailable
            text = f"Cannot use '{self.path}': {reason}. No key is released until it can be written."
            raise kind(text, path=str(self.path), reason=reason) from error


def _model(row: tuple[Any, ...]) -> RegisteredModel:
    digest, name, version, commitment, assurance, policy_digest, policy, publisher, revoked = row
    return RegisteredModel(
        digest, name, version, commitment, Assurance(assurance), policy_digest, policy, publisher, bool(revoked)
    )


def read_log(path: Path) -> list[tuple[bytes, bytes]]:
    """Encodings and hashes of a database's log, in order, whatever wrote them; read only.

    Raises:
        FileUnavailable: no database, or one without a log.
    """
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT entry, hash FROM log ORDER BY sequence").fetchall()
    except sqlite3.Error as error:
        text = f"'{path}' cannot be read as a broker's database: {error}."
        raise FileUnavailable(text, path=str(path), reason=str(error)) from error
    return [(bytes(entry), bytes(stored)) for entry, stored in rows]
