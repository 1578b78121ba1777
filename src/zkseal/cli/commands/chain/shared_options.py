"""What the subcommands share: the node, the address book, the keystore, and setups that may be trusted."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zkseal.cli.console import Console
from zkseal.errors import KeystoreRejected
from zkseal.proving import VerifyingKey
from zkseal.proving.verify import require_published_setup

if TYPE_CHECKING:
    from zkseal.chain.accounts import Signer
    from zkseal.chain.address_book import AddressBook
    from zkseal.chain.connection import Connection

__all__ = [
    "add_keystore",
    "add_node",
    "add_validity",
    "bytes32",
    "connected",
    "model_id",
    "opened_book",
    "opened_keystore",
    "trusted",
]


def add_node(parser: argparse.ArgumentParser) -> None:
    """Declares --rpc, --chain-id and --addresses."""
    parser.add_argument("--rpc", required=True, metavar="URL", help="JSON-RPC node: http://127.0.0.1:8545")
    parser.add_argument("--chain-id", type=int, metavar="N", help="refuse a node of another chain")
    parser.add_argument(
        "--addresses",
        type=Path,
        default=Path("zkseal-addresses.json"),
        metavar="FILE",
        help="address book (default: zkseal-addresses.json)",
    )


def add_keystore(parser: argparse.ArgumentParser) -> None:
    """Declares --keystore and --password-file."""
    parser.add_argument(
        "--keystore", type=Path, required=True, metavar="FILE", help="account that signs: encrypted JSON, version 3"
    )
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help="read its password from the first line (default: ask)"
    )


def add_validity(parser: argparse.ArgumentParser, what: str) -> None:
    """Declares --valid-for."""
    parser.add_argument(
        "--valid-for", type=int, default=3600, metavar="SECONDS", help=f"how long {what} (default: 3600)"
    )


def connected(options: argparse.Namespace) -> Connection:
    """The node. Raises `NodeUnreachable`, `NodeRefused`, `WrongChain`."""
    from zkseal.chain.connection import connect

    return connect(options.rpc, chain_id=options.chain_id)


def opened_book(options: argparse.Namespace) -> AddressBook:
    """The address book."""
    from zkseal.chain.address_book import AddressBook

    return AddressBook(options.addresses)


def opened_keystore(options: argparse.Namespace, console: Console) -> Signer:
    """The account that signs. Raises `FileUnavailable`, `KeystoreRejected`."""
    from zkseal.chain.accounts import load_signer, password_from_file

    def password() -> str:
        if options.password_file is not None:
            return password_from_file(options.password_file)
        if not sys.stdin.isatty():
            raise KeystoreRejected(
                f"Nobody can be asked for the password of '{options.keystore}'. Give --password-file.",
                path=str(options.keystore),
                reason="no password",
            )
        return getpass.getpass(f"Password of {options.keystore}: ", stream=sys.stderr)

    return load_signer(options.keystore, password)


def trusted(options: argparse.Namespace, key: VerifyingKey) -> VerifyingKey:
    """The key, if its setup is of a published ceremony. Raises `InsecureSetup`."""
    require_published_setup(key, insecure_srs=options.insecure_srs)
    return key


def bytes32(text: str) -> bytes:
    """32 bytes of hexadecimal digits, with or without 0x; for argparse."""
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        data = b""
    if len(data) != 32:
        raise argparse.ArgumentTypeError(f"{text!r} is not 32 bytes of hexadecimal digits")
    return data


def model_id(text: str) -> int:
    """A model id as zkseal prints it; for argparse."""
    return int.from_bytes(bytes32(text), "big")
