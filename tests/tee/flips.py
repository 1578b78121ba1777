"""Each byte of one vector per vendor changed in one bit: which changes are still accepted?

`make tee-flips` changes every byte, some minutes, and compares with uncovered.json: ranges of bytes that neither a
signature nor the reader covers, with the reason. `--write` writes it again. The test changes every sixteenth byte.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.tee.rows import NONCES, ROWS, evidence_of, time_of

from zkseal.errors import ZksealError
from zkseal.tee import Evidence, appraise_evidence, load_policy

UNCOVERED = Path(__file__).with_name("uncovered.json")
POLICY = load_policy("evidence-only")

# Vector -> row of expected.json (evidence, index among its rows) and the part that is changed.
VECTORS = {
    "intel: TDX quote": ("intel/quotes/tdx-v4-phala.bin", "payload"),
    "amd: report": ("amd/milan-ms/report.bin", "payload"),
    "amd: VCEK": ("amd/milan-ms/report.bin", "certificate 0"),
    "aws: Nitro document": ("aws-nitro/dstack-nsm-2025.cose", "payload"),
    "nvidia: report": ("nvidia/hopper-550.90.07.report.hex", "payload"),
    "nvidia: device certificate": ("nvidia/hopper-550.90.07.report.hex", "certificate 0"),
    "gcp: Confidential Space token": ("gcp-confidential-space/token-2025-09-05.jwt", "payload"),
    "gcp: vTPM attestation": ("tpm/gce-cos85-nonce9009.attestation.pb", "payload"),
    "azure: SNP bundle": ("azure-vtpm/snp-live.json", "payload"),
}
# After its quotes an attestation has an event log, which is not appraised, and a certificate.
LIMITS = {"gcp: vTPM attestation": 4285}


def _part(evidence: Evidence, part: str) -> tuple[bytes, Callable[[bytes], Evidence]]:
    """The bytes to change, and the evidence with other bytes in their place."""
    if part == "payload":
        return evidence.payload, lambda data: replace(evidence, payload=data)
    index = int(part.split()[1])
    endorsements = evidence.endorsements

    def with_certificate(data: bytes) -> Evidence:
        chain = list(endorsements.certificates)
        chain[index] = data
        return replace(evidence, endorsements=replace(endorsements, certificates=tuple(chain)))

    return endorsements.certificates[index], with_certificate


def accepted_flips(vector: str, step: int = 1) -> Iterator[int]:
    """Offsets of the vector at which a changed bit goes unnoticed, of every `step`-th."""
    name, part = VECTORS[vector]
    row = next(row for row in ROWS if row["evidence"] == name and row["result"] == "valid")
    evidence, now = evidence_of(row), time_of(row)
    nonce = bytes.fromhex(NONCES[name]) if name in NONCES else None
    if name.endswith(".hex"):
        evidence = replace(evidence, payload=bytes.fromhex(evidence.payload.decode().strip()))
    data, changed = _part(evidence, part)
    appraise_evidence(evidence, POLICY, now=now, nonce=nonce)
    for offset in range(0, min(len(data), LIMITS.get(vector, len(data))), step):
        flipped = data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]
        try:
            appraise_evidence(changed(flipped), POLICY, now=now, nonce=nonce)
        except ZksealError:
            continue
        yield offset


def ranges(offsets: Iterator[int]) -> list[list[int]]:
    """[first, last] of each run."""
    found: list[list[int]] = []
    for offset in offsets:
        if found and found[-1][1] == offset - 1:
            found[-1][1] = offset
        else:
            found.append([offset, offset])
    return found


def main(arguments: list[str]) -> int:
    """Changes every byte of every vector; 1 if something differs from uncovered.json."""
    written = json.loads(UNCOVERED.read_text())
    wrong = 0
    for vector in VECTORS:
        found = ranges(accepted_flips(vector))
        same = found == written.get(vector, {}).get("uncovered")
        wrong += not same
        count = sum(last - first + 1 for first, last in found)
        print(f"{'ok   ' if same else 'WRONG'} {vector:32} {count} bytes uncovered", flush=True)
        written[vector] = {"uncovered": found, "reason": written.get(vector, {}).get("reason", "")}
    if "--write" in arguments:
        lines = [f"  {json.dumps(name)}: {json.dumps(written[name])}" for name in VECTORS]
        UNCOVERED.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        return 0
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
