"""Register an enclave's key, attested by a quorum of appraisers.

Anyone may send it. From then on, answers that the key signs count at the oracle, until it expires or is revoked.

example: zkseal chain register-key a.key.json b.key.json --rpc http://127.0.0.1:8545 --keystore me.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal.cli.commands.chain.shared_options import add_keystore, add_node, connected, opened_book, opened_keystore
from zkseal.cli.console import Console
from zkseal.errors import NotForChain

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("attestations", type=Path, nargs="+", metavar="FILE", help="of zkseal chain attest-key")
    add_node(parser)
    add_keystore(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Joins the signatures and sends them."""
    from zkseal.chain.attested_keys import KEYS, register_key
    from zkseal.chain.signed_attestations import joined, load_signed_attestation

    signed = joined([load_signed_attestation(path) for path in options.attestations])
    connection = connected(options)
    registry = opened_book(options).address(connection, KEYS)
    if (signed.chain_id, signed.registry) != (connection.chain_id, registry):
        raise NotForChain(
            f"The attestation is for registry {signed.registry} on chain {signed.chain_id}; the book has {registry} on "
            f"chain {connection.chain_id}.",
            reason="registry",
        )
    attestation = signed.attestation
    receipt = register_key(connection, opened_keystore(options, console), registry, attestation, signed.signatures)
    model_id = f"0x{attestation.model_id:064x}"
    console.result(
        {
            "chain_id": connection.chain_id,
            "registry": registry,
            "key": attestation.key,
            "model_id": model_id,
            "valid_until": attestation.valid_until,
            "signatures": len(signed.signatures),
            "gas_used": int(receipt["gasUsed"]),
        },
        [
            f"key {attestation.key} answers for model {model_id} until {attestation.valid_until} (Unix time), "
            f"{int(receipt['gasUsed']):,} gas"
        ],
    )
