"""Make an API key of a tenant. It is shown once, and is nowhere else.

example: zkseal service add-key acme --name laptop --scopes inferences:write,jobs:read --config service/service.toml
"""

from __future__ import annotations

import argparse

from zkseal.cli.commands.service.shared_options import add_config, opened
from zkseal.cli.console import Console

__all__ = ["add_lifetime", "configure", "run"]

MOST_DAYS = 365_000
USUAL = "models:read,inferences:write,jobs:read,jobs:write,receipts:read,openings:read,verifications:write"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("tenant", metavar="TENANT", help="its name or identifier")
    parser.add_argument("--name", default="key", metavar="NAME", help="what people call the key")
    parser.add_argument(
        "--scopes",
        default=USUAL,
        metavar="LIST",
        help=f"what it may do, separated by commas, or all (default: {USUAL})",
    )
    add_lifetime(parser)
    add_config(parser)


def add_lifetime(parser: argparse.ArgumentParser, *, default: str = "never") -> None:
    """Declares --days."""
    parser.add_argument("--days", type=_days, metavar="N", help=f"until it expires (default: {default})")


def _days(text: str) -> float:
    """A lifetime as typed: more than nothing, at most a thousand years."""
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days above 0 and up to {MOST_DAYS}")
    return days


def lifetime_s(options: argparse.Namespace) -> int | None:
    """Of --days, in seconds."""
    return None if options.days is None else int(options.days * 24 * 3600)


def run(options: argparse.Namespace, console: Console) -> None:
    """Makes the key and shows it. Raises `NotFound`, `InvalidParameters`."""
    with opened(options) as vault:
        from zkseal.service import api_keys

        listed = [scope.strip() for scope in options.scopes.split(",") if scope.strip()]
        scopes = api_keys.SCOPES if listed == ["all"] else listed
        made = api_keys.create(vault.database, options.tenant, options.name, scopes, lifetime_s=lifetime_s(options))
    result = {"key": made.key.id, "tenant": made.key.tenant, "scopes": sorted(made.key.scopes), "api_key": made.text}
    lines = [f"key {made.key.id} of {made.key.tenant}: {', '.join(sorted(made.key.scopes))}"]
    console.result(result, [*lines, f"shown this once: {made.text}"])
