"""The master key, which seals the data keys of tenants, and its files."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from zkseal.errors import FileUnavailable, MasterKeyRejected
from zkseal.files.atomic import write_atomically
from zkseal.service.at_rest.sealing import KEY_BYTES, DataKey, Place, Sealing

__all__ = ["MasterKey", "MasterKeys"]

_PREFIX = "zkseal-master-key-1:"


@dataclass(frozen=True)
class MasterKey:
    """The key that seals the tenants' data keys. `key_id` names it in the database and tells nothing of it."""

    key_id: str
    _sealing: Sealing = field(repr=False)

    @staticmethod
    def generate() -> MasterKey:
        """A new one."""
        return MasterKey.of(secrets.token_bytes(KEY_BYTES))

    @staticmethod
    def of(key: bytes) -> MasterKey:
        """Of its 32 bytes."""
        return MasterKey(hmac.digest(key, b"zkseal master key id 1", hashlib.sha256)[:8].hex(), Sealing(key))

    def save(self, path: Path) -> None:
        """Writes the file that `MasterKeys.load` reads, mode 0600. Raises `FileUnavailable`; never replaces a file."""
        if path.exists():
            raise FileUnavailable(
                f"'{path}' is there already, and tenants may be sealed by it. Choose another name.",
                path=str(path),
                reason="it is there already",
            )
        text = _PREFIX + base64.b64encode(self._sealing.key).decode() + "\n"
        write_atomically(path, [text.encode()], secret=True)

    def seal(self, key: DataKey, tenant: str) -> bytes:
        """A tenant's data key, for the database."""
        return self._sealing.seal(key.key, _data_key_place(tenant))

    def open(self, sealed: bytes, tenant: str) -> DataKey:
        """The tenant's data key. Raises `DecryptionFailed`."""
        return DataKey(self._sealing.open(sealed, _data_key_place(tenant)))


@dataclass(frozen=True)
class MasterKeys:
    """The master key in use, and earlier ones whose tenants are not sealed anew yet."""

    current: MasterKey
    earlier: tuple[MasterKey, ...] = ()

    def of(self, key_id: str) -> MasterKey:
        """The key of this id. Raises `MasterKeyRejected`."""
        for key in (self.current, *self.earlier):
            if key.key_id == key_id:
                return key
        raise MasterKeyRejected(
            f"Tenants are sealed by master key {key_id}, which is not among the files that the service was given. Add "
            "its file to the earlier master keys.",
            path=None,
            reason=f"master key {key_id} is missing",
        )

    @staticmethod
    def load(path: Path, earlier: Iterable[Path] = ()) -> MasterKeys:
        """Of files. Raises `MasterKeyRejected`: no such file, others may read it, or it holds no key."""
        return MasterKeys(_read(path), tuple(_read(other) for other in earlier))

    @staticmethod
    def parse(text: str, what: str, earlier: Iterable[Path] = ()) -> MasterKeys:
        """Of the text of such a file, from an environment variable called `what`. Raises as `load`."""
        return MasterKeys(_parse(text, what), tuple(_read(other) for other in earlier))


def _read(path: Path) -> MasterKey:
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(4096).decode("ascii", errors="replace")
    except OSError as error:
        reason = error.strerror or str(error)
        raise MasterKeyRejected(
            f"The master key '{path}' cannot be read: {reason}. `zkseal service init` makes one; what a lost one "
            "sealed is lost, too.",
            path=str(path),
            reason=reason,
        ) from error
    if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
        raise MasterKeyRejected(
            f"The master key '{path}' may be read by others (mode {stat.S_IMODE(status.st_mode):04o}). Find out who "
            f"did, then: chmod 600 '{path}'",
            path=str(path),
            reason="others may read it",
        )
    return _parse(text, str(path))


def _parse(text: str, what: str) -> MasterKey:
    line = text.strip()
    try:
        key = base64.b64decode(line.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not line.startswith(_PREFIX) or len(key) != KEY_BYTES:
        raise MasterKeyRejected(
            f"'{what}' holds no master key of the service. `zkseal service init` makes one.",
            path=what,
            reason="it is no master key",
        )
    return MasterKey.of(key)


def _data_key_place(tenant: str) -> Place:
    return Place(tenant, "data-key", tenant)
