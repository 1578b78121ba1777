"""The anchor: a checkpoint outside the database, kept in step with it.

The database as a whole can be replaced by an older copy, which hangs together. Only something that is not restored with
it can tell: put the anchor on another disk, or copy it where copies are kept.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from zkseal.broker.checkpoints import MAX_CHECKPOINT_BYTES, Checkpoint
from zkseal.broker.store import Store
from zkseal.errors import FileUnavailable, RolledBack
from zkseal.files.atomic import write_atomically

if TYPE_CHECKING:
    from zkseal import _native

__all__ = ["Anchor", "read_checkpoint", "write_checkpoint"]


def read_checkpoint(path: Path) -> Checkpoint:
    """A checkpoint file.

    Raises:
        FileUnavailable: it cannot be read.
        DecodeError, SignatureRejected: it is no checkpoint.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CHECKPOINT_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        text = f"Cannot read the checkpoint '{path}': {reason}. `zkseal broker log --checkpoint` writes one."
        raise FileUnavailable(text, path=str(path), reason=reason) from error
    return Checkpoint.from_cbor(data)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint file, whole or not at all."""
    write_atomically(path, [checkpoint.to_cbor()], secret=False)


class Anchor:
    """A checkpoint file that a broker holds its database to."""

    def __init__(self, path: Path, store: Store, broker_id: bytes, key: _native.PublisherKey) -> None:
        """Compares the database with the file, which has to be there: one that is gone tells nothing.

        Raises:
            RolledBack: the database is older, or another one.
        """
        self.path, self._store, self._broker_id, self._key = path, store, broker_id, key
        self._lock = threading.Lock()
        known = read_checkpoint(path)
        last, _ = store.last_entry()
        same = known.public_key == key.public_key and known.broker == broker_id
        if not same or store.entry_hash(known.sequence) != known.hash:
            text = (
                f"The broker's database ends at entry {last} or is another one than the anchor '{path}' knows at entry "
                f"{known.sequence}: it was rolled back or replaced. Restore the right one; never delete the anchor."
            )
            raise RolledBack(text, check="anchor", expected=known.sequence, got=last)
        self._written = known.sequence

    def keep(self, now: int) -> None:
        """Brings the file up to the last entry; on the disk when this returns."""
        with self._lock:
            sequence, last = self._store.last_entry()
            if sequence > self._written:
                checkpoint = Checkpoint.sign(self._key, self._broker_id, sequence, last, now)
                write_checkpoint(self.path, checkpoint)
                self._written = sequence
