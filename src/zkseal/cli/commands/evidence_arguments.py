"""Arguments that commands about evidence share: the time of an appraisal, a challenge, files of others."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from zkseal.errors import FileUnavailable, WrongInput

__all__ = ["add_now", "nonce_of", "now_of", "read_file"]


def add_now(parser: argparse.ArgumentParser) -> None:
    """Declares --now."""
    parser.add_argument("--now", metavar="T", help="time of the appraisal, RFC 3339 or Unix seconds (default: now)")


def now_of(options: argparse.Namespace) -> int:
    """Unix seconds. Raises `WrongInput` for what is no time."""
    text: str | None = options.now
    if text is None:
        return int(time.time())
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong("now", "a time such as 2026-07-01T00:00:00Z", text) from error
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if seconds < 0:
        raise _wrong("now", "a time from 1970 on", text)
    return int(seconds)


def nonce_of(options: argparse.Namespace) -> bytes | None:
    """The challenge, if there is one.

    Raises:
        WrongInput: not hexadecimal; or empty, as an unset variable of a shell is, or of zeros only: evidence that is
            bound to nothing carries such a nonce.
    """
    text: str | None = options.nonce
    if text is None:
        return None
    try:
        nonce = bytes.fromhex(text)
    except ValueError as error:
        raise _wrong("nonce", "hexadecimal", text) from error
    if not any(nonce):
        raise _wrong("nonce", "random bytes in hexadecimal, 16 or more", text)
    return nonce


def read_file(path: Path) -> bytes:
    """Raises `FileUnavailable`."""
    try:
        return path.read_bytes()
    except OSError as error:
        text = f"{path} cannot be read: {error.strerror}."
        raise FileUnavailable(text, path=str(path), reason=str(error.strerror)) from error


def _wrong(name: str, expected: str, got: str) -> WrongInput:
    return WrongInput(f"--{name} is {got!r}; give {expected}.", name=name, expected=expected, got=got)
