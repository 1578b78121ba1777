"""Decrypt a sealed model with the key of one of its recipients: for recovery, and for brokers' owners.

Every chunk is checked before it is written, and the file is there whole or not at all. Enclaves do not use this: they
keep the plaintext in memory.

example: zkseal unseal model.zks --key recovery.zkk --from acme.zkk.pub -o model.zkp
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from zkseal.cli.console import Console, bytes_text, milliseconds_text
from zkseal.cli.outputs import require_separate
from zkseal.cli.sealed import describe_header, header_lines
from zkseal.files.atomic import write_atomically
from zkseal.sealed import (
    PROVING_KEY_SECTION,
    SealedModel,
    load_recipient_key,
    read_publisher_public_key,
    require_version,
)

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("sealed_model", type=Path, metavar="model.zks")
    parser.add_argument("--key", type=Path, required=True, metavar="KEY", help="key file of a recipient")
    parser.add_argument("--from", dest="publisher", type=Path, metavar="PUB", help="public key of its publisher")
    parser.add_argument("--minimum-version", type=int, default=1, metavar="N", help="refuse older versions")
    parser.add_argument("--section", default=PROVING_KEY_SECTION, help=f"default: {PROVING_KEY_SECTION}")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")


def run(options: argparse.Namespace, console: Console) -> None:
    """Decrypts one section and writes it."""
    read = [options.sealed_model, options.key] + ([options.publisher] if options.publisher else [])
    require_separate((options.output,), read)
    publisher = None if options.publisher is None else read_publisher_public_key(options.publisher)
    model = SealedModel.open(options.sealed_model, publisher=publisher)
    require_version(model.header, options.minimum_version)
    if publisher is None:
        console.note("Signed by the publisher that the file names; --from checks that it is the one you mean.")
    start = time.perf_counter()
    unlocked = model.unlock(model.data_key(load_recipient_key(options.key)))
    size = unlocked.length(options.section)
    write_atomically(options.output, unlocked.pieces(options.section), secret=True)
    duration_ms = (time.perf_counter() - start) * 1000
    result = {
        "file": str(options.output),
        "file_bytes": size,
        "section": options.section,
        "publisher_checked": publisher is not None,
        **describe_header(model.header),
        "unseal_ms": round(duration_ms, 3),
    }
    wrote = f"wrote {options.output} ({bytes_text(size)}, secret) in {milliseconds_text(duration_ms)}"
    console.result(result, [*header_lines(result), wrote])
