"""Change what a tenant may have. What it has already stays.

example: zkseal service set-quotas acme --max-queued-jobs 100 --config service/service.toml
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
    parser.add_argument("tenant", metavar="TENANT", help="its name or identifier")
    add_config(parser)
    add_quotas(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Changes the quotas that are given. Raises `NotFound`."""
    with opened(options) as vault:
        from zkseal.service import tenants

        before = tenants.find(vault.database, options.tenant)
        made = tenants.set_quotas(vault.database, before.id, quotas_of(options, before.quotas))
    quotas = asdict(made.quotas)
    lines = [f"{name} = {value}" for name, value in quotas.items()]
    console.result({"tenant": made.id, "name": made.name, "quotas": quotas}, lines)
