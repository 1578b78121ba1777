"""Set up and administer a proving service: tenants, API keys, quotas, backups, the master key.

`init` makes a service of one machine in a folder; `zkseal serve` starts it. The other commands work on the database
that the settings name, also while it is being served.

example: zkseal service init service
"""

from __future__ import annotations

import argparse
from types import ModuleType

from zkseal.cli.commands.service import (
    add_key,
    add_tenant,
    backup,
    delete_tenant,
    init,
    keys,
    new_master_key,
    revoke_key,
    rotate_key,
    seal_anew,
    set_quotas,
    tenants,
)
from zkseal.cli.console import Console
from zkseal.cli.declare import add_subcommands

__all__ = ["SUBCOMMANDS", "configure", "run"]

SUBCOMMANDS: dict[str, ModuleType] = {
    "init": init,
    "add-tenant": add_tenant,
    "tenants": tenants,
    "set-quotas": set_quotas,
    "delete-tenant": delete_tenant,
    "add-key": add_key,
    "keys": keys,
    "rotate-key": rotate_key,
    "revoke-key": revoke_key,
    "new-master-key": new_master_key,
    "seal-anew": seal_anew,
    "backup": backup,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommands, each with its own arguments."""
    add_subcommands(parser, SUBCOMMANDS)


def run(options: argparse.Namespace, console: Console) -> None:
    """Runs the subcommand."""
    SUBCOMMANDS[options.subcommand].run(options, console)
