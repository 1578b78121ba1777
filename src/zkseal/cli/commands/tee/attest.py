"""Make evidence of this machine, bound to a nonce or to an enclave's runtime data.

Evidence of a TPM is for development: nobody certifies its key. What makes evidence of TDX, SEV-SNP, Nitro and Google's
virtual TPMs follows the interfaces of Linux and of the vendors, and was not run there.

example: zkseal tee attest --attester tpm --tcti swtpm:host=127.0.0.1,port=2321 --nonce 07ab -o evidence.cbor
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal.cli.commands.evidence_arguments import nonce_of, read_file
from zkseal.cli.console import Console
from zkseal.cli.outputs import require_separate
from zkseal.errors import WrongInput
from zkseal.files.atomic import write_atomically
from zkseal.tee import AttestationBundle, Evidence, RuntimeData, evidence_to_cbor
from zkseal.tee.attesters import Attester, ConfigfsTsmAttester, GceTpmAttester, NsmAttester, TpmAttester
from zkseal.tee.attesters.tpm.attester import BOOT_PCRS
from zkseal.tee.pem import certificates

__all__ = ["configure", "run"]

ATTESTERS = ("tpm", "gce-tpm", "configfs", "nsm")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("--attester", choices=ATTESTERS, required=True, help="configfs is for TDX and SEV-SNP guests")
    bound = parser.add_mutually_exclusive_group(required=True)
    bound.add_argument("--nonce", metavar="HEX", help="bind these bytes: at most 64, for a TPM 32")
    bound.add_argument("--runtime-data", type=Path, metavar="FILE", help="bind an enclave's runtime data (CBOR)")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="for `zkseal tee verify`")
    parser.add_argument(
        "--tcti",
        default="device:/dev/tpmrm0",
        metavar="TPM",
        help="swtpm:host=HOST,port=PORT, swtpm:path=SOCKET or device:FILE (default: device:/dev/tpmrm0)",
    )
    parser.add_argument("--pcrs", metavar="N,N", help="which PCRs a TPM quotes (default: 0 to 9)")
    parser.add_argument(
        "--authority",
        dest="authorities",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="for gce-tpm: certificate between the TPM's key and its root, PEM or DER, repeatable",
    )
    parser.add_argument("--event-log", type=Path, metavar="FILE", help="the firmware's log, beside a TPM's quote")


def run(options: argparse.Namespace, console: Console) -> None:
    """Makes the evidence, writes it, and says what it is worth at most."""
    require_separate([options.out], [path for path in (options.runtime_data, options.event_log) if path is not None])
    attester = _attester(options)
    data, evidence = _attested(options, attester)
    write_atomically(options.out, [data], secret=False)
    ceiling = attester.assurance_ceiling.name.lower()
    result = {
        "platform": str(evidence.platform),
        "assurance_at_most": ceiling,
        "attester_status": attester.status,
        "out": str(options.out),
    }
    line = f"{options.out}: evidence of {evidence.platform}, assurance at most {ceiling} (attester {attester.status})"
    console.result(result, [line])


def _attester(options: argparse.Namespace) -> Attester:
    if options.attester == "tpm":
        return TpmAttester(options.tcti, pcrs=_pcrs(options.pcrs), event_log=options.event_log)
    if options.attester == "gce-tpm":
        authorities = [certificate for path in options.authorities for certificate in certificates(read_file(path))]
        return GceTpmAttester(
            options.tcti, authorities=authorities, pcrs=_pcrs(options.pcrs), event_log=options.event_log
        )
    return ConfigfsTsmAttester() if options.attester == "configfs" else NsmAttester()


def _attested(options: argparse.Namespace, attester: Attester) -> tuple[bytes, Evidence]:
    """The file's content, and the evidence in it."""
    nonce = nonce_of(options)
    if nonce is not None:
        evidence = attester.evidence_over(nonce)
        return evidence_to_cbor(evidence), evidence
    runtime_data = RuntimeData.from_cbor(read_file(options.runtime_data))
    evidence = attester.attest(runtime_data)
    return AttestationBundle(runtime_data, evidence).to_cbor(), evidence


def _pcrs(text: str | None) -> tuple[int, ...]:
    if text is None:
        return BOOT_PCRS
    numbers = text.split(",")
    if not all(number.isdecimal() for number in numbers):
        expected = "numbers with commas between them"
        raise WrongInput(f"--pcrs is {text!r}; give {expected}.", name="pcrs", expected=expected, got=text)
    return tuple(int(number) for number in numbers)
