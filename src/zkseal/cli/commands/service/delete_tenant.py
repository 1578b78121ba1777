"""Delete a tenant: its keys first, and with them everything that it has. There is no way back.

Copies of the database that were made before hold its sealed key until they are deleted, too.

example: zkseal service delete-tenant acme --yes --config service/service.toml
"""

from __future__ import annotations

import argparse

from zkseal.cli.commands.service.shared_options import add_config, opened
from zkseal.cli.console import Console
from zkseal.errors import WrongInput

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("tenant", metavar="TENANT", help="its name or identifier")
    parser.add_argument("--yes", action="store_true", help="delete it")
    add_config(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Deletes the tenant. Raises `NotFound`; `WrongInput` without --yes."""
    with opened(options) as vault:
        from zkseal.service import tenants

        found = tenants.find(vault.database, options.tenant)
        if not options.yes:
            text = f"This deletes {found.name} and everything that it has, for ever. Say so: --yes"
            raise WrongInput(text, name="yes", expected="--yes", got=None)
        tenants.delete_tenant(vault, found.id)
    console.result({"tenant": found.id, "name": found.name, "deleted": True}, [f"deleted {found.name} ({found.id})"])
