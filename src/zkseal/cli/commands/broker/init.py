"""Make a broker: a folder with a database, a key for publishers to seal to, and a key that signs the log.

The private keys are readable by their owner only, and encrypted with --passphrase-file. Give kek.zkk.pub to publishers,
log.zkk.pub to those who check the log.

example: zkseal broker init broker --passphrase-file broker.pass
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal.cli.commands.broker.shared_options import add_passphrase, now, passphrase
from zkseal.cli.console import Console

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="is made if it is not there")
    add_passphrase(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Makes the folder and its files."""
    from zkseal.broker import BrokerFolder

    folder, secret = BrokerFolder(options.folder), passphrase(options)
    folder.create(now=now(), passphrase=secret)
    broker = folder.open(passphrase=secret)
    opening = broker.entries(limit=1)[0]
    broker.close()
    names = {name: value.hex() for name, value in opening.fields.items()}
    files = {"kek_public_key_file": f"{folder.kek}.pub", "log_public_key_file": f"{folder.checkpoint_key}.pub"}
    lines = [
        f"broker {names['broker']}, keys {'encrypted' if secret else 'not encrypted'}",
        f"publishers seal to {names['kek_public_key']} ({files['kek_public_key_file']})",
        f"checkpoints are signed by {names['log_public_key']} ({files['log_public_key_file']})",
    ]
    console.result({**names, **files, "encrypted": secret is not None}, lines)
