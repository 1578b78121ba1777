"""Take an API key back. Processes that saw it a moment ago believe it for five more seconds.

example: zkseal service revoke-key ngmdej2fpuy6s --config service/service.toml
"""

from __future__ import annotations

import argparse

from zkseal.cli.commands.service.shared_options import add_config, opened
from zkseal.cli.console import Console

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("key", metavar="KEY", help="its identifier: the part between zks_ and the secret")
    add_config(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Revokes the key. Raises `NotFound`."""
    with opened(options) as vault:
        from zkseal.service import api_keys

        key = api_keys.revoke(vault.database, options.key)
    console.result({"key": key.id, "revoked_at": key.revoked_at}, [f"revoked {key.id}"])
