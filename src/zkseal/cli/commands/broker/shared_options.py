"""What the subcommands share: the folder, its passphrase, the anchor, digests, times."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from zkseal.errors import FileUnavailable

if TYPE_CHECKING:
    from zkseal.broker import BrokerOptions, KeyBroker

__all__ = ["add_broker", "add_passphrase", "digest", "now", "opened", "passphrase"]


def add_broker(parser: argparse.ArgumentParser) -> None:
    """Declares the folder, --passphrase-file and --anchor."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="what `zkseal broker init` made")
    add_passphrase(parser)
    parser.add_argument(
        "--anchor",
        type=Path,
        metavar="FILE",
        help="checkpoint kept outside, in step: an older database is refused (`log --checkpoint` writes the first)",
    )


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """Declares --passphrase-file."""
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="its first line encrypts the broker's keys (default: no)"
    )


def passphrase(options: argparse.Namespace) -> str | None:
    """The passphrase, if there is one. Raises `FileUnavailable`."""
    path: Path | None = options.passphrase_file
    if path is None:
        return None
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error
    if not lines or not lines[0]:
        text = f"The first line of '{path}' is empty: that is no passphrase."
        raise FileUnavailable(text, path=str(path), reason="empty")
    return lines[0]


@contextlib.contextmanager
def opened(options: argparse.Namespace, broker_options: BrokerOptions | None = None) -> Iterator[KeyBroker]:
    """The broker, closed at the end."""
    from zkseal.broker import BrokerFolder

    folder = BrokerFolder(options.folder)
    broker = folder.open(passphrase=passphrase(options), anchor=options.anchor, options=broker_options)
    with contextlib.closing(broker):
        yield broker


def now() -> int:
    """Unix seconds."""
    return int(time.time())


def digest(text: str) -> bytes:
    """32 bytes of hexadecimal digits; for argparse."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != 32:
        raise argparse.ArgumentTypeError(f"{text!r} is not 32 bytes of hexadecimal digits")
    return data
