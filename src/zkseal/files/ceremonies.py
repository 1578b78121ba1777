"""Files of public ceremonies: powers of tau for keys of the kzg opening."""

from __future__ import annotations

import os
from pathlib import Path

from zkseal.errors import DecodeError, SetupError
from zkseal.files.container import mapped
from zkseal.proving import Srs

__all__ = ["load_srs"]


def load_srs(path: str | os.PathLike[str], *, insecure_srs: bool = False) -> Srs:
    """Powers of tau from a ceremony file, all of it checked: .ptau, Aztec Ignition, halo2 (ezkl) or arkworks.

    The format is told by the content. Keys hold the powers that they need: the file is not needed again.

    Args:
        insecure_srs: accept powers of unknown origin, for tests. Whoever made them may know tau and forge every proof;
            keys and receipts that come of them are marked, and refused by `verify`.

    Raises:
        FileUnavailable: the file cannot be read.
        WrongFileKind: it is no ceremony file.
        WrongLength, InvalidEncoding, DigestMismatch: it is cut, or its head is damaged.
        InvalidPower: a power in it was changed; says which.
        UnknownOrigin: it is sound, but of no published ceremony.
        TooFewPowers: it has fewer than two.
    """
    data = bytes(mapped(Path(path)))
    try:
        return Srs.read(data, insecure_srs=insecure_srs)
    except (DecodeError, SetupError) as error:
        raise type(error)(f"'{path}': {error}", **{**error.fields, "path": str(path)}) from error
