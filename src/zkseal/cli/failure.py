"""What a command says when it fails. Loads nothing that takes time, so that it can be said at once."""

from __future__ import annotations

import json
import sys

from zkseal.errors import ZksealError

__all__ = ["show_error"]


def show_error(error: ZksealError, code: int, *, as_json: bool) -> None:
    """One line on standard error that names what happened, where, and the remedy; with `as_json` the object, too."""
    if as_json:
        print(json.dumps({"error": error.to_dict() | {"exit_code": code}}))
    print(f"zkseal: {error.code}: {' '.join(str(error).split())}", file=sys.stderr)
