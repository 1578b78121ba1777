"""A broker on the disk: one folder with its database and its two keys."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from zkseal.broker.broker import BrokerOptions, KeyBroker
from zkseal.broker.key_files import load_checkpoint_key, load_kek, save_checkpoint_key, save_kek
from zkseal.errors import FileUnavailable
from zkseal.tee.native import native

__all__ = ["BrokerFolder"]


@dataclass(frozen=True)
class BrokerFolder:
    """Where a broker lies. The public keys lie beside the private ones, with the ending .pub."""

    path: Path

    @property
    def database(self) -> Path:
        """Models, nonces and the audit log."""
        return self.path / "broker.db"

    @property
    def kek(self) -> Path:
        """The key to which publishers seal the keys of their models."""
        return self.path / "kek.zkk"

    @property
    def checkpoint_key(self) -> Path:
        """The key that signs checkpoints of the log."""
        return self.path / "log.zkk"

    def create(self, *, now: int, passphrase: str | None = None) -> None:
        """Makes a broker with new keys.

        Raises:
            FileUnavailable: the folder cannot be made, or holds a broker.
        """
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise FileUnavailable(
                f"Cannot make '{self.path}': {reason}.", path=str(self.path), reason=reason
            ) from error
        kek, checkpoint_key = native().HpkeKey.generate(), native().PublisherKey.generate()
        save_kek(self.kek, kek, passphrase)
        save_checkpoint_key(self.checkpoint_key, checkpoint_key, passphrase)
        KeyBroker.create(self.database, kek, checkpoint_key, now=now)

    def open(
        self, *, passphrase: str | None = None, anchor: Path | None = None, options: BrokerOptions | None = None
    ) -> KeyBroker:
        """Opens it, under the pinned roots. Raises as `KeyBroker` and `load_kek`."""
        kek, checkpoint_key = load_kek(self.kek, passphrase), load_checkpoint_key(self.checkpoint_key, passphrase)
        return KeyBroker(self.database, kek, checkpoint_key, anchor=anchor, options=options)
