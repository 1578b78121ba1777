"""Options for what a tenant may have."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zkseal.service.tenants import Quotas

__all__ = ["add_quotas", "quotas_of"]

_QUOTAS = {
    "max_models": "models",
    "max_stored_bytes": "bytes of everything that is kept, sealed",
    "max_queued_jobs": "jobs that wait",
    "max_running_jobs": "jobs that workers are at",
}


def add_quotas(parser: argparse.ArgumentParser) -> None:
    """Declares one option for each quota."""
    for name, what in _QUOTAS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N", help=f"{what}, at most")


def quotas_of(options: argparse.Namespace, usual: Quotas) -> Quotas:
    """`usual`, with what the options say."""
    given = {name: getattr(options, name) for name in _QUOTAS if getattr(options, name) is not None}
    return replace(usual, **given)
