"""The node's queue on disk: an sqlite file in WAL mode, flushed with every transaction.

Written before anything is done that cannot be undone: a proof before it is sent, a signed transaction before it is
broadcast. Holds nothing secret: requests, public values, commitments, proofs and signed transactions are all meant for
the chain.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zkseal.chain.connection import Fees
from zkseal.chain.request import Mode
from zkseal.chain.transactions import Signed
from zkseal.errors import FileUnavailable, OutOfDisk, WrongChain

__all__ = ["CLOSED", "Proof", "QueuedRequest", "SentTransaction", "State", "Store"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
  request_id INTEGER PRIMARY KEY, model_id TEXT NOT NULL, content BLOB NOT NULL, public_input BLOB NOT NULL,
  input_commitment BLOB NOT NULL, deadline INTEGER NOT NULL, seen_block INTEGER NOT NULL,
  mode INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', answered_block INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0, retry_at REAL NOT NULL DEFAULT 0,
  output BLOB, commitments BLOB, proof BLOB, attestation BLOB
);
CREATE INDEX IF NOT EXISTS requests_by_state ON requests (state);
CREATE TABLE IF NOT EXISTS transactions (
  hash TEXT PRIMARY KEY, request_id INTEGER NOT NULL, content BLOB NOT NULL, nonce INTEGER NOT NULL, raw BLOB NOT NULL,
  gas INTEGER NOT NULL, max_fee_wei TEXT NOT NULL, tip_wei TEXT, answers INTEGER NOT NULL, signed_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS transactions_by_nonce ON transactions (nonce);
"""

State = str
OPEN = "open"
ANSWERED = "answered"
CLOSED = frozenset({"final", "refused", "expired", "cancelled", "gone"})
"""States that end a request: nothing more is done about it."""

_COLUMNS = (
    "request_id, model_id, content, public_input, input_commitment, deadline, seen_block, mode, state, "
    "answered_block, attempts, retry_at, output, commitments, proof, attestation"
)


@dataclass(frozen=True)
class Proof:
    """An answer with its evidence: public values, commitments and proof bytes, as the contract takes them.

    Attributes:
        proof: empty where the request takes an attestation alone.
        attestation: an enclave's signature; empty where the request takes a proof alone.
    """

    output: bytes = field(repr=False)
    commitments: bytes = field(repr=False)
    proof: bytes = field(repr=False)
    attestation: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class QueuedRequest:
    """A request and how far the node is with it.

    Attributes:
        content: hash of what an answer depends on. A reorganization may give an id another content.
        mode: what evidence the answer has to bring.
        retry_at: Unix time before which nothing is tried again.
    """

    request_id: int
    model_id: int
    content: bytes
    public_input: bytes = field(repr=False)
    input_commitment: bytes
    deadline: int
    seen_block: int
    mode: Mode = Mode.ZK
    state: State = OPEN
    answered_block: int | None = None
    attempts: int = 0
    retry_at: float = 0.0
    proof: Proof | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SentTransaction:
    """A transaction that was signed for a request, and perhaps sent.

    Attributes:
        answers: false for one that only uses up the nonce.
        signed_at: Unix time.
    """

    request_id: int
    content: bytes
    answers: bool
    signed: Signed
    signed_at: float


class Store:
    """The queue of one account of one oracle on one chain. One process at a time, by a lock; one thread at a time."""

    def __init__(self, path: Path, *, chain_id: int, oracle: str, account: str) -> None:
        """Opens or makes the file.

        Raises:
            FileUnavailable: it cannot be opened, is no queue, or another node uses it.
            WrongChain: it belongs to another chain, oracle or account.
        """
        self.path = path
        self._lock = self._locked()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(SCHEMA)
            identity = {"chain_id": str(chain_id), "oracle": oracle, "account": account}
            with self.atomically():
                for key, value in identity.items():
                    self._db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (key, value))
            written = dict(self._db.execute("SELECT key, value FROM facts"))
        except sqlite3.Error as error:
            self.close()
            raise FileUnavailable(
                f"'{path}' is no queue of an oracle node: {error}. Choose another file with --queue.",
                path=str(path),
                reason=str(error),
            ) from error
        if any(written[key] != value for key, value in identity.items()):
            self.close()
            raise WrongChain(
                f"'{path}' is the queue of account {written['account']} at oracle {written['oracle']} on chain "
                f"{written['chain_id']}. Choose another file with --queue.",
                expected=int(written["chain_id"]),
                got=chain_id,
            )

    def close(self) -> None:
        """Closes the file and releases the lock."""
        if hasattr(self, "_db"):
            self._db.close()
        os.close(self._lock)

    @contextlib.contextmanager
    def atomically(self) -> Iterator[None]:
        """All changes inside are on the disk when it ends, or none."""
        self._execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._execute("ROLLBACK")
            raise
        self._execute("COMMIT")

    # Blocks. ----------------------------------------------------------------------------------------------------------

    @property
    def scanned_block(self) -> int | None:
        """Last block whose events were read; None before the first."""
        row = self._execute("SELECT value FROM facts WHERE key = 'scanned_block'").fetchone()
        return None if row is None else int(row[0])

    @property
    def scanned_models(self) -> frozenset[int]:
        """Models whose requests were read up to that block."""
        row = self._execute("SELECT value FROM facts WHERE key = 'scanned_models'").fetchone()
        return frozenset() if row is None else frozenset(int(name, 16) for name in row[0].split())

    def set_scanned(self, number: int, models: Iterable[int]) -> None:
        """Notes that requests to these models were read up to this block."""
        for key, value in (("scanned_block", str(number)), ("scanned_models", " ".join(map(hex, models)))):
            self._execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (key, value))

    # Requests. --------------------------------------------------------------------------------------------------------

    def put(self, request: QueuedRequest) -> bool:
        """Takes a request that was seen; tells whether it is new, or has another content under its id."""
        known = self.request(request.request_id)
        if known is not None and known.content == request.content:
            reopened = known.state == "gone"
            state = OPEN if reopened else known.state
            self._execute(
                "UPDATE requests SET seen_block = ?, state = ? WHERE request_id = ?",
                (request.seen_block, state, request.request_id),
            )
            return reopened
        self._execute(
            "INSERT OR REPLACE INTO requests (request_id, model_id, content, public_input, input_commitment, deadline, "
            "seen_block, mode, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                request.request_id,
                hex(request.model_id),
                request.content,
                request.public_input,
                request.input_commitment,
                request.deadline,
                request.seen_block,
                int(request.mode),
                OPEN,
            ),
        )
        return True

    def request(self, request_id: int) -> QueuedRequest | None:
        """One request."""
        found = self._execute(f"SELECT {_COLUMNS} FROM requests WHERE request_id = ?", (request_id,)).fetchone()  # noqa: S608
        return None if found is None else _request(found)

    def unfinished(self) -> list[QueuedRequest]:
        """Requests that are open, or answered and not yet final; oldest first."""
        query = f"SELECT {_COLUMNS} FROM requests WHERE state IN (?, ?) ORDER BY request_id"  # noqa: S608
        return [_request(row) for row in self._execute(query, (OPEN, ANSWERED))]

    def set_state(self, request_id: int, state: State, *, reason: str = "", answered_block: int | None = None) -> None:
        """Moves a request to another state."""
        self._execute(
            "UPDATE requests SET state = ?, reason = ?, answered_block = ? WHERE request_id = ?",
            (state, reason, answered_block, request_id),
        )

    def set_proof(self, request_id: int, proof: Proof) -> None:
        """Keeps a proof; attempts count anew for the sending."""
        self._execute(
            "UPDATE requests SET output = ?, commitments = ?, proof = ?, attestation = ?, attempts = 0, retry_at = 0 "
            "WHERE request_id = ?",
            (proof.output, proof.commitments, proof.proof, proof.attestation, request_id),
        )

    def set_retry(self, request_id: int, retry_at: float, reason: str) -> None:
        """Notes a failed attempt and when to try again."""
        self._execute(
            "UPDATE requests SET attempts = attempts + 1, retry_at = ?, reason = ? WHERE request_id = ?",
            (retry_at, reason, request_id),
        )

    def forget(self, request_id: int, before_nonce: int) -> None:
        """Drops what a request that is final needs no more: its proof, and transactions whose nonces are used."""
        self._execute(
            "UPDATE requests SET output = NULL, commitments = NULL, proof = NULL, attestation = NULL "
            "WHERE request_id = ?",
            (request_id,),
        )
        self._execute("DELETE FROM transactions WHERE request_id = ? AND nonce < ?", (request_id, before_nonce))

    def counts(self) -> Mapping[State, int]:
        """How many requests are in each state."""
        return dict(self._execute("SELECT state, count(*) FROM requests GROUP BY state"))

    # Transactions. ----------------------------------------------------------------------------------------------------

    def add_transaction(self, transaction: SentTransaction) -> None:
        """Keeps a signed transaction. On the disk when this returns."""
        signed = transaction.signed
        self._execute(
            "INSERT OR REPLACE INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                signed.hash,
                transaction.request_id,
                transaction.content,
                signed.nonce,
                signed.raw,
                signed.gas,
                str(signed.fees.max_fee_wei),
                None if signed.fees.tip_wei is None else str(signed.fees.tip_wei),
                int(transaction.answers),
                transaction.signed_at,
            ),
        )

    def transactions(self, *, request_id: int | None = None, from_nonce: int = 0) -> list[SentTransaction]:
        """Transactions of a request (or of all), with nonces from `from_nonce` on; later ones last."""
        where, values = "nonce >= ?", [from_nonce]
        if request_id is not None:
            where, values = f"{where} AND request_id = ?", [from_nonce, request_id]
        query = f"SELECT * FROM transactions WHERE {where} ORDER BY nonce, signed_at, rowid"  # noqa: S608
        return [_transaction(row) for row in self._execute(query, values)]

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Runs one statement. Raises `OutOfDisk`, `FileUnavailable`."""
        try:
            return self._db.execute(statement, values)
        except sqlite3.OperationalError as error:
            reason = str(error)
            kind = OutOfDisk if "full" in reason else FileUnavailable
            raise kind(
                f"Cannot write '{self.path}': {reason}. The node goes on when it can.",
                path=str(self.path),
                reason=reason,
            ) from error

    def _locked(self) -> int:
        """A lock that ends with the process, however it ends."""
        name = self.path.with_name(self.path.name + ".lock")
        try:
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            reason = error.strerror or str(error)
            raise FileUnavailable(
                f"Cannot open '{name}': {reason}. Choose a folder that exists and may be written to.",
                path=str(name),
                reason=reason,
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise FileUnavailable(
                f"Another node uses '{self.path}'. Two would answer with the same nonces: stop one of them.",
                path=str(self.path),
                reason="locked",
            ) from error
        return descriptor


def _request(row: tuple[Any, ...]) -> QueuedRequest:
    values: dict[str, Any] = dict(zip(_COLUMNS.split(", "), row, strict=True))
    parts = [values.pop(name) for name in ("output", "commitments", "proof", "attestation")]
    proof = None if parts[2] is None else Proof(*parts)
    model_id, mode = int(values.pop("model_id"), 16), Mode(values.pop("mode"))
    return QueuedRequest(model_id=model_id, mode=mode, proof=proof, **values)


def _transaction(row: tuple[Any, ...]) -> SentTransaction:
    digest, request_id, content, nonce, raw, gas, max_fee, tip, answers, signed_at = row
    signed = Signed(raw, digest, nonce, gas, Fees(int(max_fee), None if tip is None else int(tip)))
    return SentTransaction(request_id, content, bool(answers), signed, signed_at)
