"""Identifiers of what the service keeps: a prefix that says what it is, and 128 random bits."""

from __future__ import annotations

import base64
import secrets

__all__ = ["new_name"]


def new_name(prefix: str) -> str:
    """A new identifier, e.g. `job_7d3k..`: lower-case letters and digits, that nobody can guess."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(16)).decode().rstrip('=').lower()}"
