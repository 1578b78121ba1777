"""Appraise an enclave's evidence and sign for its key: the work of a chain's appraiser, once per start of an enclave.

The evidence is appraised here, under your policy, which names one image; development evidence is not signed. The code
of the model on the chain is compared with the verifying key. Further appraisers sign the same attestation: each
appraises evidence that answers a challenge of its own, and takes the dates and the digest of the result, which are the
first one's, from its file (--same-as); dates have to lie within one's own limits, and all else has to agree.

example: zkseal chain attest-key enclave.cbor model.zkv --policy image.toml --nonce 07ab.. --rpc URL --keystore me.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal import files
from zkseal.cli.commands.chain.enclave_keys import attestation_of, ear_of
from zkseal.cli.commands.chain.shared_options import (
    add_keystore,
    add_node,
    connected,
    opened_book,
    opened_keystore,
    trusted,
)
from zkseal.cli.commands.evidence_arguments import add_now, nonce_of, now_of, read_file
from zkseal.cli.console import Console
from zkseal.cli.outputs import require_separate
from zkseal.cli.sealed import policy_named
from zkseal.cli.setups import add_insecure_srs
from zkseal.files.atomic import write_atomically
from zkseal.proving import VerifyingKey
from zkseal.tee import AppraisalPolicy, AttestationBundle, AttestedRuntime, DevAttestedRuntime, appraise_bundle

__all__ = ["configure", "run", "sign"]

REGISTER_WITHIN_S = 86_400


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("evidence", type=Path, metavar="enclave.cbor", help="what the enclave shows, a bundle")
    parser.add_argument("verifying_key", type=Path, metavar="model.zkv")
    parser.add_argument("--policy", required=True, metavar="FILE", help="policy that names the image")
    parser.add_argument("--nonce", required=True, metavar="HEX", help="your challenge, which the evidence answers")
    add_now(parser)
    add_node(parser)
    add_keystore(parser)
    parser.add_argument(
        "--valid-for",
        type=int,
        default=7 * 86_400,
        metavar="SECONDS",
        help="how long the key counts; with --same-as, at most (default: a week)",
    )
    parser.add_argument("--same-as", type=Path, metavar="FILE", help="attestation of another appraiser to sign as well")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="attestation to write (default: the evidence's name with .key.json)"
    )
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Appraises, compares, signs, writes."""
    key = trusted(options, files.load_verifying_key(options.verifying_key))
    policy = policy_named(options.policy)
    bundle = AttestationBundle.from_cbor(read_file(options.evidence))
    runtime = appraise_bundle(bundle, policy, now=now_of(options), nonce=nonce_of(options))
    sign(options, console, runtime, policy, key)


def sign(
    options: argparse.Namespace,
    console: Console,
    runtime: AttestedRuntime | DevAttestedRuntime,
    policy: AppraisalPolicy,
    key: VerifyingKey,
) -> None:
    """What follows an appraisal that accepted the evidence."""
    from zkseal.chain.attested_keys import KEYS, model_digest
    from zkseal.chain.registration import check
    from zkseal.chain.signed_attestations import SignedAttestation, load_signed_attestation

    output = options.output or options.evidence.with_suffix(".key.json")
    ear_path = output.with_suffix(".ear.json")
    others = [path for path in (options.same_as, options.keystore) if path is not None]
    require_separate((output, ear_path), (options.evidence, options.verifying_key, *others))
    connection, book = connected(options), opened_book(options)
    models, registry = book.address(connection, "ModelRegistry"), book.address(connection, KEYS)
    checked = check(connection, models, key)
    now = connection.head().timestamp
    attestation = attestation_of(
        runtime,
        policy,
        key,
        model_id=checked.model_id,
        model_digest=model_digest(connection, models, checked.model_id),
        valid_until=now + options.valid_for,
        deadline=now + REGISTER_WITHIN_S,
    )
    if options.same_as is not None:
        theirs = load_signed_attestation(options.same_as)
        attestation = theirs.agreed(attestation, connection.chain_id, registry)
    signer = opened_keystore(options, console)
    signature = attestation.sign(signer, connection.chain_id, registry)
    write_atomically(ear_path, [ear_of(runtime)], secret=False)
    SignedAttestation(connection.chain_id, registry, attestation, (signature,)).save(output)
    measurement = f"0x{attestation.measurement.hex()}"
    console.result(
        {
            "chain_id": connection.chain_id,
            "registry": registry,
            "key": attestation.key,
            "model_id": f"0x{attestation.model_id:064x}",
            "measurement": measurement,
            "assurance": attestation.assurance,
            "valid_until": attestation.valid_until,
            "appraiser": signer.address,
            "attestation": str(output),
            "ear": str(ear_path),
        },
        [
            f"{signer.address} attests key {attestation.key}, measurement {measurement}",
            f"wrote {output} and {ear_path}; a quorum of such files registers the key: zkseal chain register-key",
        ],
    )
