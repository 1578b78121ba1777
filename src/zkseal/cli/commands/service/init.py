"""Make a service of one machine: settings, master key, database, a tenant and its first API key, in one folder.

The API key is shown once, and is nowhere else. Keep a copy of master.key apart from copies of the rest: without it
nothing that the service keeps can be read.

example: zkseal service init service
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal.cli.commands.service.shared_options import SERVICE_PACKAGES
from zkseal.cli.console import Console
from zkseal.cli.extras import require_packages

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="is made if it is not there")
    parser.add_argument("--tenant", default="main", metavar="NAME", help="the first tenant (default: main)")


def run(options: argparse.Namespace, console: Console) -> None:
    """Makes the folder and all that is in it. Raises `FileUnavailable`: there is a service in it already."""
    require_packages(SERVICE_PACKAGES, extra="service")
    from zkseal.service.setting_up import set_up

    made = set_up(options.folder, options.tenant)
    result = {
        "settings": str(made.settings),
        "tenant": made.tenant.id,
        "name": made.tenant.name,
        "key": made.key.key.id,
        "api_key": made.key.text,
    }
    lines = [
        f"made the service of '{made.settings}', with the tenant {made.tenant.name} ({made.tenant.id})",
        f"its API key, which is shown this once: {made.key.text}",
        f"start it: zkseal serve --config {made.settings}",
    ]
    console.result(result, lines)
