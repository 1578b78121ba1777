"""List tenants, with what they have and may have.

example: zkseal service tenants --config service/service.toml
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from zkseal.cli.commands.service.shared_options import add_config, opened
from zkseal.cli.console import Console, bytes_text

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_config(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Prints one line for each tenant."""
    with opened(options) as vault:
        from zkseal.service import tenants

        found = [(tenant, tenants.usage(vault.database, tenant.id)) for tenant in tenants.list_all(vault.database)]
    shown = [
        {"tenant": tenant.id, "name": tenant.name, "quotas": asdict(tenant.quotas), "usage": asdict(usage)}
        for tenant, usage in found
    ]
    lines = [
        f"{tenant.name} ({tenant.id}): {usage.models} models, {bytes_text(usage.stored_bytes)}, "
        f"{usage.queued_jobs} jobs queued, {usage.running_jobs} running"
        for tenant, usage in found
    ]
    console.result({"tenants": shown}, lines or ["there is none: zkseal service add-tenant NAME"])
