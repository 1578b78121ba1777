"""Make a backup of the service, or bring one up to date, while it runs. The master key is not in it: keep that apart.

The folder holds a copy of the database (for PostgreSQL a dump, by pg_dump) and of the artifacts; how it is restored is
in docs/guides/service.md.

example: zkseal service backup --out /backups/zkseal --config service/service.toml
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from zkseal.cli.commands.service.shared_options import add_config, opened
from zkseal.cli.console import Console

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="new, or with an earlier backup of this service"
    )
    add_config(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Makes the backup. Raises `FileUnavailable`, `OutOfDisk`, `MissingDependency`, `StorageUnavailable`."""
    with opened(options) as vault:
        from zkseal.service.backup import back_up

        made = back_up(vault, options.out)
    lines = [
        f"{options.out}: {made.database}, {made.blobs} artifacts, {made.copied} of them new",
        f"needs the master keys {', '.join(made.master_key_ids) or 'of nobody'}, which are not in it",
    ]
    console.result({"folder": str(options.out), **asdict(made)}, lines)
