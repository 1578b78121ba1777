"""Files that a command writes: none of those that it reads, and each another one. Said before the work is done."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from zkseal.errors import FileUnavailable

__all__ = ["require_separate"]


def require_separate(outputs: Iterable[Path | None], inputs: Iterable[Path]) -> None:
    """Raises `FileUnavailable` if an output is an input or another output, by whatever path. None is not written."""
    taken = {os.path.realpath(path): "this command reads it" for path in inputs}
    for path in outputs:
        if path is None:
            continue
        reason = taken.get(os.path.realpath(path))
        if reason is not None:
            raise FileUnavailable(
                f"Cannot write '{path}': {reason}. Choose another name.", path=str(path), reason=reason
            )
        taken[os.path.realpath(path)] = "another result gets this name"
