"""Packages of extras: named before a command needs them, with what installs them."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from zkseal.errors import MissingDependency

__all__ = ["require_packages"]


def require_packages(packages: Sequence[str], *, extra: str) -> None:
    """Raises `MissingDependency` for the first that is not installed."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            text = f"The package {package} is not installed. Install it with: pip install 'zkseal[{extra}]'"
            raise MissingDependency(text, package=package)
