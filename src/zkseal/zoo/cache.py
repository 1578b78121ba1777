"""Keeps trained weights in the user's cache folder, so that training happens once per machine.

A file is named by the digest of its recipe (a text that changes whenever the training code's constants do) and
holds arrays followed by their SHA-256. A file that does not match its digest is ignored and written again; a folder
that cannot be written is no error, training is then repeated.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def folder() -> Path:
    """`$XDG_CACHE_HOME/zkseal`, or `~/.cache/zkseal`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "zkseal"


def cached(name: str, recipe: str, weights: Sequence[Array], train: Callable[[], None]) -> None:
    """Fills `weights` in place: from the cache when it has this recipe, else by `train()`, whose result is kept."""
    path = folder() / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}.npz"
    stored = _read(path)
    if stored is not None and [array.shape for array in stored] == [weight.shape for weight in weights]:
        for weight, array in zip(weights, stored, strict=True):
            weight[...] = array
        return
    train()
    _write(path, weights)


def _read(path: Path) -> list[Array] | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    body, digest = data[:-32], data[-32:]
    if hashlib.sha256(body).digest() != digest:
        return None
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return [arrays[key] for key in arrays.files]


def _write(path: Path, weights: Sequence[Array]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, *weights)
    body = buffer.getvalue()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(body + hashlib.sha256(body).digest())
        os.replace(file.name, path)
    except OSError:
        return
