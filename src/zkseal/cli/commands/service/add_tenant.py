"""Add a tenant: somebody with models, jobs and receipts of their own, sealed by a key of their own.

example: zkseal service add-tenant acme --config service/service.toml
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from zkseal.cli.commands.service.quotas import add_quotas, quotas_of
from zkseal.cli.commands.service.shared_options import add_config, opened
from zkseal.cli.console import Console

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("name", metavar="NAME")
    add_config(parser)
    add_quotas(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Adds the tenant. Raises `NameTaken`."""
    with opened(options) as vault:
        from zkseal.service import tenants

        made = tenants.create(vault, options.name, quotas_of(options, tenants.Quotas()))
    result = {"tenant": made.id, "name": made.name, "quotas": asdict(made.quotas)}
    console.result(result, [f"tenant {made.name} ({made.id})", "give it a key: zkseal service add-key"])
