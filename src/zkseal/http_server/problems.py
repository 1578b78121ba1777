"""Problem documents: how every server says that it did not do what was asked (RFC 9457)."""

from __future__ import annotations

from typing import Any

__all__ = ["PROBLEM", "problem"]

PROBLEM = "application/problem+json"


def problem(status: int, title: str, detail: str, *, kind: str = "about:blank", **members: Any) -> dict[str, Any]:
    """The document. `kind` is its `type`: a URI that stands for all problems like it."""
    return {"type": kind, "title": title, "status": status, "detail": detail, **members}
