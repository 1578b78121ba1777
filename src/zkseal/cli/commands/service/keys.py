"""List the API keys of a tenant, without their secrets.

example: zkseal service keys acme --config service/service.toml
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from zkseal.cli.commands.service.shared_options import add_config, opened
from zkseal.cli.console import Console

if TYPE_CHECKING:
    from zkseal.service.api_keys import ApiKey

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("tenant", metavar="TENANT", help="its name or identifier")
    add_config(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Prints one line for each key. Raises `NotFound`."""
    with opened(options) as vault:
        from zkseal.service import api_keys

        found = [_shown(key) for key in api_keys.list_of(vault.database, options.tenant)]
    lines = [f"{key['key']} {key['name']}: {', '.join(key['scopes'])}{_end(key)}" for key in found]
    console.result({"keys": found}, lines or ["there is none: zkseal service add-key"])


def _shown(key: ApiKey) -> dict[str, Any]:
    times = {"created_at": key.created_at, "expires_at": key.expires_at, "revoked_at": key.revoked_at}
    return {"key": key.id, "name": key.name, "scopes": sorted(key.scopes), **times}


def _end(key: dict[str, Any]) -> str:
    if key["revoked_at"] is not None:
        return " (revoked)"
    return "" if key["expires_at"] is None else " (expires)"
