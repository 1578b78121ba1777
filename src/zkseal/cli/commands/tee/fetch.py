"""Fetch what vendors say of the hardware that a piece of evidence is of, for `zkseal tee verify --collateral`.

Intel's TCB info, QE identity and revocation lists for quotes; AMD's certificates and revocation lists for reports of
SEV-SNP, alone or in Azure's bundles; NVIDIA's manifests and revocation lists for GPUs, and the keys of its service.
Everything is checked, signatures first, before it is written, and what is there and fresh is not asked for again.

This command alone goes on line, and to no other hosts than those of --service. Proxies are those of the environment.

example: zkseal tee fetch quote.bin --into collateral
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zkseal.cli.commands.evidence_arguments import add_now, now_of
from zkseal.cli.commands.tee.given_evidence import add_evidence, given_evidence
from zkseal.cli.console import Console, bytes_text
from zkseal.collateral import Cache, Downloader, Outcome, Services, fetch_collateral
from zkseal.collateral.amd import PRODUCTS
from zkseal.errors import WrongInput

__all__ = ["configure", "run"]

HOUR_S = 3600


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_evidence(parser)
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="folder to keep it in, made if need be")
    parser.add_argument(
        "--service",
        dest="services",
        action="append",
        default=[],
        metavar="NAME=URL",
        help=f"another base URL, such as a PCCS: {', '.join(Services.names())}; https, repeatable",
    )
    parser.add_argument("--ca-file", metavar="FILE", help="authorities of the services, PEM (default: the system's)")
    parser.add_argument("--amd-product", choices=PRODUCTS, help="AMD's chip, for reports of version 2")
    parser.add_argument(
        "--intel-early", action="store_true", help="Intel's next TCB evaluation, for who updates ahead of the others"
    )
    parser.add_argument(
        "--max-age", type=int, default=24, metavar="HOURS", help="ask again for what is older; 0: always (default: 24)"
    )
    add_now(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Fetches, and says what became of each item; the first failure is raised when all were tried."""
    if options.max_age < 0:
        text = "--max-age is a number of hours, from 0 on."
        raise WrongInput(text, name="max-age", expected="0 or more", got=options.max_age)
    services = Services().replaced(options.services)
    downloader = Downloader(services.origins, authorities=options.ca_file)
    given, now, cache = given_evidence(options), now_of(options), Cache(options.into)
    outcomes: dict[str, Outcome] = {}
    for piece in given.pieces:
        for outcome in fetch_collateral(
            piece,
            cache,
            downloader,
            roots=given.roots,
            now=now,
            services=services,
            product=options.amd_product,
            early=options.intel_early,
            max_age_s=options.max_age * HOUR_S,
        ):
            outcomes.setdefault(outcome.name, outcome)
    _show(console, list(outcomes.values()))
    failed = [outcome for outcome in outcomes.values() if outcome.error is not None]
    if failed:
        error = failed[0].error
        assert error is not None
        error.fields["failed"] = [outcome.name for outcome in failed]
        raise error
    result = {"into": str(options.into), "items": [_plain(outcome) for outcome in outcomes.values()]}
    line = f"{options.into}: {len(outcomes)} items" if outcomes else "This evidence needs nothing of its vendor."
    console.result(result, [line])


def _show(console: Console, outcomes: list[Outcome]) -> None:
    rows = []
    for outcome in outcomes:
        entry = outcome.entry
        detail = outcome.error.code if outcome.error else f"{entry.sha256[:16]}.. from {entry.url}" if entry else ""
        rows.append([outcome.name, outcome.state, bytes_text(entry.size) if entry else "", detail])
    if rows:
        console.table(["item", "state", "size", "digest"], rows)


def _plain(outcome: Outcome) -> dict[str, Any]:
    entry = {} if outcome.entry is None else asdict(outcome.entry)
    entry.pop("issuer_chain", None)
    return {"state": outcome.state, **entry}
