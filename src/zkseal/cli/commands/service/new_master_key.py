"""Make another master key. Name it in the settings, and the one before it among the earlier ones; then seal-anew.

example: zkseal service new-master-key --out service/master-2.key
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
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="that is not there yet")


def run(options: argparse.Namespace, console: Console) -> None:
    """Writes the key, for its owner only. Raises `FileUnavailable` if the file is there."""
    require_packages(SERVICE_PACKAGES, extra="service")
    from zkseal.service.at_rest import MasterKey

    master = MasterKey.generate()
    master.save(options.out)
    result = {"file": str(options.out), "master_key": master.key_id}
    console.result(result, [f"master key {master.key_id} in {options.out}; keep a copy apart from backups"])
