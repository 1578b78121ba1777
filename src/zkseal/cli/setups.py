"""What the command line says of trusted setups: where powers of tau come from, and a mark if that is unknown."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_insecure_srs", "origin_lines", "scheme_lines"]


def add_insecure_srs(parser: argparse.ArgumentParser) -> None:
    """Declares ``--insecure-srs``, for commands that trust a setup."""
    parser.add_argument(
        "--insecure-srs",
        action="store_true",
        help="accept powers of tau of no published ceremony, for tests: whoever made them may forge receipts",
    )


def scheme_lines(scheme: dict[str, Any]) -> list[str]:
    """How a key proves, for people; of `describe_scheme`."""
    lanes = scheme["lanes"]
    argument = scheme["lookup_argument"] + (f" ({lanes} lanes)" if lanes > 1 else "")
    return [f"scheme      lookups by {argument}, opening by {scheme['opening']}", *origin_lines(scheme["origin"])]


def origin_lines(origin: str | None) -> list[str]:
    """What receipts rest on, for people; nothing where there is no trusted setup."""
    if origin is None:
        return []
    if origin == "unknown":
        return ["INSECURE    powers of tau of unknown origin: whoever made them may forge receipts. For tests only."]
    return [f"setup       powers of tau of the ceremony {origin}"]
