"""The context argument that `prove` and `verify` share."""

from __future__ import annotations

import argparse

__all__ = ["add_context", "context_of"]


def add_context(parser: argparse.ArgumentParser) -> None:
    """Declares --context and --context-hex."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--context", metavar="TEXT", default="", help="what the receipt is for; worthless for anything else"
    )
    group.add_argument("--context-hex", metavar="HEX", type=_hex, help="the same as hexadecimal bytes")


def context_of(options: argparse.Namespace) -> bytes:
    """The context as bytes: text is UTF-8."""
    given: bytes | None = options.context_hex
    return given if given is not None else str(options.context).encode()


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not hexadecimal") from None
