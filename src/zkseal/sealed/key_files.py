"""Key files of publishers (Ed25519) and recipients (X25519): a private one, and a public one to hand out.

They are zkseal files like the others, with digests and a kind, so that a cut or confused key is noticed before it is
used. Private ones are readable by their owner only and are never written over.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from zkseal.errors import FileUnavailable, WrongFileKind, WrongLength
from zkseal.files import FileKind, together
from zkseal.files.container import read_container, write_container
from zkseal.tee.native import native

if TYPE_CHECKING:
    from zkseal._native import HpkeKey, PublisherKey

__all__ = [
    "PUBLISHER_KEY",
    "PUBLISHER_PUBLIC_KEY",
    "RECIPIENT_KEY",
    "RECIPIENT_PUBLIC_KEY",
    "create_publisher_key",
    "create_recipient_key",
    "load_publisher_key",
    "load_recipient_key",
    "read_publisher_public_key",
    "read_recipient_public_key",
    "save_publisher_key",
    "save_recipient_key",
]

PUBLISHER_KEY = FileKind(b"PSEC", "publisher's key", ".zkk", 1, ("key",), secret=True)
PUBLISHER_PUBLIC_KEY = FileKind(b"PPUB", "publisher's public key", ".pub", 1, ("key",))
RECIPIENT_KEY = FileKind(b"RSEC", "recipient's key", ".zkk", 1, ("key",), secret=True)
RECIPIENT_PUBLIC_KEY = FileKind(b"RPUB", "recipient's public key", ".pub", 1, ("key",))

_KEY_BYTES = 32

AnyPath = str | os.PathLike[str]


def create_publisher_key(path: AnyPath) -> tuple[bytes, Path]:
    """Makes a key and writes it; the public key, and the path of its file. Raises as `save_publisher_key`."""
    key = native().PublisherKey.generate()
    return key.public_key, save_publisher_key(path, key)


def create_recipient_key(path: AnyPath) -> tuple[bytes, Path]:
    """As `create_publisher_key`."""
    key = native().HpkeKey.generate()
    return key.public_key, save_recipient_key(path, key)


def save_publisher_key(path: AnyPath, key: PublisherKey) -> Path:
    """Writes the key (mode 0600) and, beside it, its public key; returns the path of the latter.

    Raises `FileUnavailable` where one of the files is there already, `OutOfDisk`.
    """
    return _save(path, PUBLISHER_KEY, key.to_bytes(), PUBLISHER_PUBLIC_KEY, key.public_key)


def save_recipient_key(path: AnyPath, key: HpkeKey) -> Path:
    """As `save_publisher_key`."""
    return _save(path, RECIPIENT_KEY, key.to_bytes(), RECIPIENT_PUBLIC_KEY, key.public_key)


def load_publisher_key(path: AnyPath) -> PublisherKey:
    """Reads a publisher's key. Raises `FileUnavailable`, `DecodeError`."""
    key: PublisherKey = native().PublisherKey.from_bytes(_load(path, PUBLISHER_KEY))
    return key


def load_recipient_key(path: AnyPath) -> HpkeKey:
    """Reads a recipient's key. Raises `FileUnavailable`, `DecodeError`."""
    key: HpkeKey = native().HpkeKey.from_bytes(_load(path, RECIPIENT_KEY))
    return key


def read_publisher_public_key(path: AnyPath) -> bytes:
    """Reads a publisher's public key, 32 bytes. Raises `FileUnavailable`, `DecodeError`."""
    return _load(path, PUBLISHER_PUBLIC_KEY)


def read_recipient_public_key(path: AnyPath) -> bytes:
    """Reads a recipient's public key, 32 bytes. Raises `FileUnavailable`, `DecodeError`."""
    return _load(path, RECIPIENT_PUBLIC_KEY)


def _save(path: AnyPath, kind: FileKind, key: bytes, public_kind: FileKind, public_key: bytes) -> Path:
    private, public = Path(path), Path(f"{path}{public_kind.suffix}")
    for target in (private, public):
        # A key that is written over is lost, and so is what was sealed to it. lexists: a dangling link counts, too.
        if os.path.lexists(target):
            reason = "it exists"
            raise FileUnavailable(
                f"Cannot write '{target}': {reason}, and keys are never written over. Choose another name.",
                path=str(target),
                reason=reason,
            )
    with together():
        write_container(private, kind, {"key": [key]})
        write_container(public, public_kind, {"key": [public_key]})
    return public


def _load(path: AnyPath, kind: FileKind) -> bytes:
    try:
        key = bytes(read_container(path, kind)["key"])
    except WrongFileKind as error:
        raise WrongFileKind(
            f"'{path}' is no {kind.name}. `zkseal keygen` makes private keys and, with the ending .pub, public ones.",
            **error.fields,
        ) from error
    if len(key) != _KEY_BYTES:
        raise WrongLength(f"A {kind.name} has {_KEY_BYTES} bytes.", expected=_KEY_BYTES, got=len(key))
    return key
