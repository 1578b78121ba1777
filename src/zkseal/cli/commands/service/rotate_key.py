"""Replace an API key by a new one with the same scopes; the old one ends at once, or some time later.

example: zkseal service rotate-key ngmdej2fpuy6s --overlap 3600 --config service/service.toml
"""

from __future__ import annotations

import argparse

from zkseal.cli.commands.service.add_key import add_lifetime, lifetime_s
from zkseal.cli.commands.service.shared_options import add_config, opened
from zkseal.cli.console import Console

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("key", metavar="KEY", help="its identifier: the part between zks_ and the secret")
    parser.add_argument("--overlap", type=int, default=0, metavar="SECONDS", help="that the old one still works")
    add_lifetime(parser, default="as many as the old one had")
    add_config(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Makes the new key and shows it. Raises `NotFound`."""
    with opened(options) as vault:
        from zkseal.service import api_keys

        made = api_keys.rotate(vault.database, options.key, overlap_s=options.overlap, lifetime_s=lifetime_s(options))
    result = {"key": made.key.id, "tenant": made.key.tenant, "replaces": options.key, "api_key": made.text}
    console.result(result, [f"key {made.key.id} replaces {options.key}", f"shown this once: {made.text}"])
