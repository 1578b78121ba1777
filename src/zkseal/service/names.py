"""Identifiers of what the service keeps: a prefix that says what it is, and 128 random bits."""

from __future__ import annotations

import base64
import re
import secrets

__all__ = ["IDENTIFIER", "new_name"]

IDENTIFIER = re.compile(r"[a-z]{3}_[a-z2-7]{26}|[a-z2-7]{13}|[0-9a-f]{64}", re.ASCII)
"""Names of `new_name`, ids of API keys, digests. Anything else in the place of a name is a text of a caller."""


def new_name(prefix: str) -> str:
    """A new identifier, e.g. `job_7d3k..`: lower-case letters and digits, that nobody can guess."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(16)).decode().rstrip('=').lower()}"
