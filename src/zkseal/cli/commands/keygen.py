"""Make a key: of a publisher, who signs sealed models, or of a recipient, to whom they are sealed.

Writes FILE, readable by its owner only, and FILE.pub, for everybody. Both are zkseal files that hold 32 bytes: Ed25519
for publishers, X25519 for recipients. A file that exists is never written over.

example: zkseal keygen publisher -o acme.zkk
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal.cli.console import Console
from zkseal.sealed import create_publisher_key, create_recipient_key

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("role", choices=("publisher", "recipient"))
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")


def run(options: argparse.Namespace, console: Console) -> None:
    """Makes the key and writes its two files."""
    create = create_publisher_key if options.role == "publisher" else create_recipient_key
    public_key, public = create(options.output)
    result = {
        "role": options.role,
        "key": str(options.output),
        "public_key_file": str(public),
        "public_key": public_key.hex(),
    }
    console.result(
        result,
        [f"public key  {public_key.hex()}", f"wrote {options.output} (secret) and {public}"],
    )
