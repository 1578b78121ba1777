"""Files of a broker's keys: the key-encryption key (X25519) and the key that signs checkpoints (Ed25519).

Without a passphrase they are key files as `zkseal keygen` writes them (`zkseal.sealed.key_files`); with one the private
key is sealed (RFC 9180) to a key that scrypt (RFC 7914) derives from it. The public key lies beside, with the ending
.pub. A private file that others may read is refused.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from zkseal.errors import DecryptionFailed, FileUnavailable, WrongKey
from zkseal.files import FileKind, together
from zkseal.files.container import identify, read_container, write_container
from zkseal.sealed import (
    PUBLISHER_KEY,
    PUBLISHER_PUBLIC_KEY,
    RECIPIENT_KEY,
    RECIPIENT_PUBLIC_KEY,
    load_publisher_key,
    load_recipient_key,
    save_publisher_key,
    save_recipient_key,
)
from zkseal.tee.native import native

if TYPE_CHECKING:
    from zkseal import _native

__all__ = ["ENCRYPTED_KEY", "load_checkpoint_key", "load_kek", "save_checkpoint_key", "save_kek"]

ENCRYPTED_KEY = FileKind(b"ESEC", "encrypted key", ".zkk", 1, ("use", "salt", "key"), secret=True)

INFO = b"zkseal/encrypted-key/v1"
KEK, CHECKPOINT_KEY = b"broker-kek", b"broker-checkpoint-key"

# 64 MiB and about a quarter of a second for one guess.
SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 16, 8, 1
_SALT_BYTES = 16


def save_kek(path: Path, key: _native.HpkeKey, passphrase: str | None = None) -> None:
    """Writes the key that opens stanzas of sealed models, and its public key for publishers.

    Raises:
        FileUnavailable: one of the files is there already, or cannot be written.
    """
    if passphrase is None:
        save_recipient_key(path, key)
    else:
        _save(path, KEK, key.to_bytes(), passphrase, RECIPIENT_PUBLIC_KEY, key.public_key)


def save_checkpoint_key(path: Path, key: _native.PublisherKey, passphrase: str | None = None) -> None:
    """Writes the key that signs checkpoints, and its public key for those who check. Raises as `save_kek`."""
    if passphrase is None:
        save_publisher_key(path, key)
    else:
        _save(path, CHECKPOINT_KEY, key.to_bytes(), passphrase, PUBLISHER_PUBLIC_KEY, key.public_key)


def load_kek(path: Path, passphrase: str | None = None) -> _native.HpkeKey:
    """Reads the key that opens stanzas.

    Raises:
        FileUnavailable: it cannot be read, or others may read it.
        WrongKey: the passphrase does not open it, or there is none where one is needed.
        DecodeError: it is no such file.
    """
    _require_private(path)
    if passphrase is None:
        _require_plain(path, RECIPIENT_KEY)
        return load_recipient_key(path)
    key: _native.HpkeKey = native().HpkeKey.from_bytes(_decrypted(path, KEK, passphrase))
    return key


def load_checkpoint_key(path: Path, passphrase: str | None = None) -> _native.PublisherKey:
    """Reads the key that signs checkpoints. Raises as `load_kek`."""
    _require_private(path)
    if passphrase is None:
        _require_plain(path, PUBLISHER_KEY)
        return load_publisher_key(path)
    key: _native.PublisherKey = native().PublisherKey.from_bytes(_decrypted(path, CHECKPOINT_KEY, passphrase))
    return key


def _save(path: Path, use: bytes, key: bytes, passphrase: str, public_kind: FileKind, public_key: bytes) -> None:
    public = Path(f"{path}{public_kind.suffix}")
    for target in (path, public):
        if os.path.lexists(target):
            text = f"'{target}' is there already, and keys are never written over. Choose another name."
            raise FileUnavailable(text, path=str(target), reason="it exists")
    salt = secrets.token_bytes(_SALT_BYTES)
    sealed = native().hpke_seal(_derived(passphrase, salt).public_key, INFO, use, key)
    with together():
        write_container(path, ENCRYPTED_KEY, {"use": [use], "salt": [salt], "key": [sealed]})
        write_container(public, public_kind, {"key": [public_key]})


def _derived(passphrase: str, salt: bytes) -> _native.HpkeKey:
    """The key of a passphrase: whoever knows it can open what is sealed to it."""
    seed = hashlib.scrypt(passphrase.encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, maxmem=1 << 28, dklen=32)
    key: _native.HpkeKey = native().HpkeKey.from_bytes(seed)
    return key


def _decrypted(path: Path, use: bytes, passphrase: str) -> bytes:
    sections = read_container(path, ENCRYPTED_KEY)
    if bytes(sections["use"]) != use:
        raise WrongKey(f"'{path}' holds a key for another use than {use.decode()}.", reason="use")
    try:
        return _derived(passphrase, bytes(sections["salt"])).open(bytes(sections["key"]), INFO, use)
    except DecryptionFailed as error:
        raise WrongKey(f"The passphrase does not open '{path}'.", reason="passphrase") from error


def _require_plain(path: Path, kind: FileKind) -> None:
    if identify(path, (kind, ENCRYPTED_KEY)) is ENCRYPTED_KEY:
        raise WrongKey(f"'{path}' is encrypted. Give its passphrase in a file.", reason="passphrase")


def _require_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error
    if stat.S_IMODE(mode) & 0o077:
        text = f"Others may read the key in '{path}'. Say: chmod 600 '{path}', and think of who has read it."
        raise FileUnavailable(text, path=str(path), reason="mode")
