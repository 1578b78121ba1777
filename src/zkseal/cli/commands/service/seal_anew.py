"""Seal the keys of all tenants by the master key of the settings, after it was changed.

Earlier master keys have to be in the settings (`earlier_master_key_files`) until this has run, also in those of
processes that serve; backups that were made before need them for ever.

example: zkseal service seal-anew --config service/service.toml
"""

from __future__ import annotations

import argparse

from zkseal.cli.commands.service.shared_options import add_config, opened
from zkseal.cli.console import Console

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_config(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Seals them. Raises `MasterKeyRejected` if an earlier master key is missing."""
    with opened(options) as vault:
        from zkseal.service import tenants

        count = tenants.seal_anew(vault)
        master = vault.master_keys.current.key_id
    console.result({"tenants": count, "master_key": master}, [f"{count} tenants sealed anew by master key {master}"])
