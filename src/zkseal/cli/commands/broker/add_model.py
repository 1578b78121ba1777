"""Register a sealed model, so that its key is released under its policy.

The policy is the one whose digest the sealed model's header asks for; a model for production takes none that lets
development evidence in. The model has to be sealed to this broker.

example: zkseal broker add-model broker credit.zks --policy credit-policy.toml --publisher publisher.zkk.pub
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal.cli.commands.broker.shared_options import add_broker, now, opened
from zkseal.cli.console import Console
from zkseal.errors import FileUnavailable
from zkseal.tee import shipped_policies

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_broker(parser)
    parser.add_argument("model", type=Path, metavar="model.zks")
    parser.add_argument(
        "--policy",
        required=True,
        metavar="P",
        help=f"TOML file, or one of {', '.join(shipped_policies())}",
    )
    parser.add_argument(
        "--publisher", type=Path, metavar="FILE", help="public key file of who has to have signed it (default: anybody)"
    )


def run(options: argparse.Namespace, console: Console) -> None:
    """Checks the signature and registers."""
    from zkseal.sealed import SealedModel, read_publisher_public_key

    publisher = None if options.publisher is None else read_publisher_public_key(options.publisher)
    sealed = SealedModel.open(options.model, publisher=publisher)
    with opened(options) as broker:
        model = broker.add_model(sealed, _policy(options.policy), now=now())
    assurance = model.minimum_assurance.name.lower()
    result = {
        "model": model.digest.hex(),
        "name": model.name,
        "version": model.version,
        "zk_model_commitment": model.zk_model_commitment.hex(),
        "policy_digest": model.policy_digest.hex(),
        "publisher": model.publisher.hex(),
        "assurance": assurance,
        "production": model.minimum_assurance.production,
    }
    lines = [
        f"model {model.digest.hex()}: {model.name}, version {model.version}, assurance {assurance} or more",
        f"signed by {model.publisher.hex()}{'' if publisher else ' (any publisher was accepted)'}",
    ]
    if not model.minimum_assurance.production:
        lines.append("for development: its key goes to sandboxes, which protect nothing")
    console.result(result, lines)


def _policy(name: str) -> str:
    """The policy's text; of a shipped one, a text that extends it."""
    if name in shipped_policies():
        return f'extends = "{name}"\nname = "{name}"\n'
    try:
        return Path(name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise FileUnavailable(f"Cannot read '{name}': {reason}.", path=name, reason=reason) from error
