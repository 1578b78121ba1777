"""Arguments that the commands share that ask an enclave."""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal import files
from zkseal.cli.sealed import policy_named
from zkseal.enclave import DevEnclaveClient, EnclaveClient
from zkseal.errors import FileUnavailable
from zkseal.tee import shipped_policies

__all__ = ["DEVELOPMENT", "add_asking", "client_of"]

DEVELOPMENT = "DEVELOPMENT: no vendor stands behind this evidence, and no hardware need be there"


def add_asking(parser: argparse.ArgumentParser) -> None:
    """Declares URL, policy, and what is trusted."""
    parser.add_argument("url", metavar="URL", help="of the enclave's host, such as http://127.0.0.1:8701")
    parser.add_argument(
        "--policy",
        default="production",
        metavar="P",
        help=f"under which the attestation is appraised: a TOML file, or one of {', '.join(shipped_policies())} "
        "(default: production)",
    )
    parser.add_argument(
        "--development", action="store_true", help="ask a sandbox or a software TPM; production is refused then"
    )
    parser.add_argument("--key", type=Path, metavar="model.zkv", help="verifying key of the model that has to answer")
    parser.add_argument("--client-key", type=Path, metavar="FILE", help="a secret, for a share of the rate limit")
    parser.add_argument(
        "--timeout", type=float, default=600.0, metavar="SECONDS", help="for each answer (default: 600)"
    )


def client_of(options: argparse.Namespace) -> EnclaveClient | DevEnclaveClient:
    """The client of these options. Raises `FileUnavailable`, `WrongInput`, and what keys and policies refuse."""
    key = None if options.key is None else files.load_verifying_key(options.key)
    client = DevEnclaveClient if options.development else EnclaveClient
    return client(
        options.url,
        policy_named(options.policy),
        verifying_key=key,
        client_key=b"" if options.client_key is None else _secret(options.client_key),
        timeout_s=options.timeout,
    )


def _secret(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error
