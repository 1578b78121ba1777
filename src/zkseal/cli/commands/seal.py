"""Encrypt a proving key for its recipients, signed by its publisher: a sealed model.

The recipients are key brokers, and perhaps a key kept offline for recovery. A broker gives the key of the model only to
enclaves that the policy accepts and that have at least the assurance; both are part of what the publisher signs. Raise
--version with every release: brokers refuse what is older than their least version.

example: zkseal seal model.zkp --publisher acme.zkk --to broker.zkk.pub --version 1 --name credit-score -o model.zks
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from zkseal import files
from zkseal.cli.console import Console, bytes_text, milliseconds_text
from zkseal.cli.outputs import require_separate
from zkseal.cli.sealed import assurance, describe_header, header_lines, policy_named
from zkseal.files.container import mapped
from zkseal.sealed import (
    PROVING_KEY_SECTION,
    SealingTerms,
    load_publisher_key,
    read_recipient_public_key,
    seal,
)
from zkseal.tee import Assurance

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("proving_key", type=Path, metavar="model.zkp")
    parser.add_argument("--publisher", type=Path, required=True, metavar="KEY", help="key file of zkseal keygen")
    parser.add_argument(
        "--to", type=Path, action="append", required=True, metavar="PUB", help="public key of a recipient, repeatable"
    )
    parser.add_argument("--name", required=True, help="name of the model, the same in all versions")
    parser.add_argument("--version", type=int, required=True, metavar="N", help="counts up from 1")
    parser.add_argument(
        "--policy", default="production", metavar="P", help="a TOML file or a shipped policy (default: production)"
    )
    parser.add_argument(
        "--assurance",
        type=assurance,
        default=Assurance.HARDWARE,
        metavar="LEVEL",
        help="least assurance of an enclave: sandbox, simulated, vtpm_dev, vtpm_cloud or hardware (default: hardware)",
    )
    parser.add_argument("--licence", default="", metavar="TEXT", help="an SPDX expression or a sentence")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")


def run(options: argparse.Namespace, console: Console) -> None:
    """Checks the proving key, seals it and writes the file."""
    require_separate((options.output,), (options.proving_key, options.publisher, *options.to))
    publisher = load_publisher_key(options.publisher)
    recipients = [read_recipient_public_key(path) for path in options.to]
    policy = policy_named(options.policy)
    # Read whole, so that nobody is given a sealed key that does not load.
    model_id = files.load_proving_key(options.proving_key).verifying_key.model_id
    terms = SealingTerms(
        options.name, options.version, model_id, policy.digest, options.assurance, int(time.time()), options.licence
    )
    start = time.perf_counter()
    sections = {PROVING_KEY_SECTION: mapped(options.proving_key)}
    header = seal(options.output, sections, terms, publisher, recipients)
    duration_ms = (time.perf_counter() - start) * 1000
    size = options.output.stat().st_size
    result = {
        "sealed_model": str(options.output),
        "sealed_model_bytes": size,
        **describe_header(header),
        "recipients": [recipient.hex() for recipient in recipients],
        "seal_ms": round(duration_ms, 3),
    }
    wrote = f"wrote {options.output} ({bytes_text(size)}) in {milliseconds_text(duration_ms)}"
    console.result(result, [*header_lines(result), wrote])
