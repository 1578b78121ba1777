"""Accounts from keystore files, and no other way: no key or password is an argument, or in the environment.

The files are the encrypted JSON (version 3) that geth, cast and other wallets write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from zkseal.errors import FileUnavailable, KeystoreRejected
from zkseal.json_text import parse_json

__all__ = ["Signer", "load_signer", "password_from_file"]


@dataclass(frozen=True)
class Signer:
    """An account that signs. Its key is in memory only, and shown nowhere."""

    address: str
    account: LocalAccount = field(repr=False)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> tuple[bytes, str]:
        """The signed transaction as sent, and its hash."""
        signed = self.account.sign_transaction(dict(transaction))
        return bytes(signed.raw_transaction), f"0x{bytes(signed.hash).hex()}"

    @staticmethod
    def of(account: LocalAccount) -> Signer:
        """A signer from a key that the caller holds."""
        return Signer(str(account.address), account)


def load_signer(path: Path, password: Callable[[], str]) -> Signer:
    """Opens a keystore file.

    Args:
        password: asked once the file is known to be a keystore.

    Raises:
        FileUnavailable: the file cannot be read.
        KeystoreRejected: it is no keystore, or the password does not open it.
    """
    try:
        document = parse_json(_read(path))
        if not isinstance(document, dict) or "crypto" not in {key.lower() for key in document}:
            raise ValueError("no keystore")
    except ValueError:
        raise KeystoreRejected(
            f"'{path}' is no keystore file (encrypted JSON, version 3). Make one, for example with: cast wallet import",
            path=str(path),
            reason="form",
        ) from None
    try:
        key = Account.decrypt(document, password())
    except (ValueError, KeyError, TypeError):
        # The cause may hold what was typed.
        raise KeystoreRejected(
            f"The password does not open '{path}'. Try again; --password-file reads it from a file.",
            path=str(path),
            reason="password",
        ) from None
    return Signer.of(Account.from_key(key))


def password_from_file(path: Path) -> str:
    """The first line of a file. Raises `FileUnavailable`."""
    return _read(path).split("\n", 1)[0].removesuffix("\r")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from None
