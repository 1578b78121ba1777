"""Which sealed models are too old, or taken back.

Encryption cannot tell an old file from a new one: whoever serves files may bring an old one. So versions count up in
the signed header, and those who must not be fooled keep a least version, or a list of revoked headers.
"""

from __future__ import annotations

from collections.abc import Collection

from zkseal.errors import PolicyDenied, RolledBack
from zkseal.sealed.header import SealedHeader

__all__ = ["require_not_revoked", "require_version"]


def require_version(header: SealedHeader, minimum: int) -> None:
    """Raises `RolledBack` for a version below `minimum`."""
    if header.version < minimum:
        raise RolledBack(
            f"Version {header.version} of '{header.name}' is older than {minimum}, the least that may be used. Get the "
            "current file from its publisher.",
            check="model_version",
            expected=minimum,
            got=header.version,
        )


def require_not_revoked(header: SealedHeader, revoked: Collection[bytes]) -> None:
    """Raises `PolicyDenied` if the digest of the header is one of `revoked`."""
    if header.digest in revoked:
        raise PolicyDenied(
            f"Version {header.version} of '{header.name}' is revoked. Get another one from its publisher.",
            check="model_revocation",
            reason=f"header {header.digest.hex()} is revoked",
        )
