"""One thing to fetch, and what makes it genuine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from zkseal.collateral import der
from zkseal.collateral.download import Response
from zkseal.errors import AppraisalError, CertificateRevoked, CollateralRejected, DecodeError, InvalidEncoding
from zkseal.tee.native import native
from zkseal.tee.pem import certificates
from zkseal.tee.roots import Roots

__all__ = ["Checked", "Item", "Situation", "check_list", "leaf_and_authorities", "rejected"]

_NAME = re.compile(r"[a-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){1,4}")
MAX_ITEM_BYTES = 1 << 20


@dataclass(frozen=True)
class Situation:
    """Under what an item is checked.

    Attributes:
        now: Unix seconds.
        earlier: contents of the items before it, by name.
    """

    now: int
    roots: Roots
    earlier: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """What is kept of a genuine item.

    Attributes:
        data: its content.
        issued_at: when the vendor made it, Unix seconds; None: it does not say.
        expires_at: until when it is good, Unix seconds; None: it does not say.
        issuer_chain: PEM, of what comes with the certificates of its signer.
    """

    data: bytes
    issued_at: int | None = None
    expires_at: int | None = None
    issuer_chain: str = ""


@dataclass(frozen=True)
class Item:
    """One thing to fetch.

    Attributes:
        name: in the cache; its parts become names of folders and files.
        check: what was sent, made into what is kept. Raises `CollateralRejected`.
        lasting: the vendor makes no other one of this name, so that it is fetched once.
    """

    name: str
    url: str
    check: Callable[[Response, Situation], Checked]
    max_bytes: int = MAX_ITEM_BYTES
    lasting: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise AssertionError(f"{self.name!r} is no name of an item")

    def checked(self, response: Response, situation: Situation) -> Checked:
        """What is kept of `response`.

        Raises:
            CollateralRejected: it is something else, or not the vendor's, or not valid now.
        """
        try:
            return self.check(response, situation)
        except (DecodeError, AppraisalError) as error:
            raise rejected(response, self.name, error.message.rstrip(".")) from error


def leaf_and_authorities(data: bytes) -> tuple[bytes, list[bytes]]:
    """The first certificate that was sent, and those after it; DER or PEM.

    Raises:
        InvalidEncoding: there is none.
    """
    found = certificates(data)
    if not found:
        raise InvalidEncoding("it holds no certificate", reason="certificates")
    return found[0], found[1:]


def rejected(response: Response, item: str, reason: str) -> CollateralRejected:
    """What a service sent is not written."""
    text = f"{response.url} sent no {item} that can be used: {reason}. Nothing of it is kept; check the base URL."
    return CollateralRejected(text, url=response.url, item=item, reason=reason)


def check_list(
    response: Response, name: str, data: bytes, path: tuple[bytes, list[bytes]], roots: tuple[bytes, ...], now: int
) -> Checked:
    """A revocation list that somebody on the path of a certificate signed, and that is valid now.

    Args:
        path: a certificate, and the authorities between it and one of `roots`.
    """
    leaf, authorities = path
    try:
        chain = native().attest_chain(leaf, authorities, list(roots), [data], now)
    except CertificateRevoked:
        pass  # the list is genuine, and what it says of the certificate is for the appraisal
    else:
        if not any(chain["revocation_checked"]):
            raise rejected(response, name, "it is the list of another authority")
    issued_at, expires_at = der.list_times(data)
    return Checked(data, issued_at, expires_at)
