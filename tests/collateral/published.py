"""What vendors published, from fixtures/tee, as their services answer it."""

from __future__ import annotations

import base64
import json
import urllib.parse
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.collateral.vendor_server import Answer
from tests.tee.rows import COLLATERAL, FIXTURES, OTHERS, PLATFORMS

from zkseal.collateral import Services
from zkseal.tee import Evidence, read_evidence
from zkseal.tee.pem import certificates

__all__ = ["answers_of_amd", "answers_of_intel", "bare_evidence", "collateral_file", "rim_answer", "services_at"]


def services_at(url: str) -> Services:
    """All services on one server."""
    return Services().replaced(f"{name}={url}" for name in Services.names())


def bare_evidence(row: dict[str, Any]) -> Evidence:
    """The row's evidence without what its vendor publishes; what comes from the machine itself stays."""
    name, _, index = row["evidence"].partition("#")
    others = OTHERS.get(name, [])
    if row.get("note", "").startswith("neg-hopper-broken-chain"):
        others = ["nvidia/neg-hopper-broken-chain.certs.pem"]
    if "vlek" in row.get("leaf", ""):
        others = [row["leaf"]]
    files = [(FIXTURES / other).read_bytes() for other in others]
    payload = (FIXTURES / name).read_bytes()
    return read_evidence(payload, files, platform=PLATFORMS.get(name), index=int(index or 0))


def collateral_file(row: dict[str, Any]) -> str | None:
    """Intel's collateral for a row."""
    name: str | None = row.get("collateral", COLLATERAL.get(row["evidence"]))
    return name


def answers_of_intel(collateral: dict[str, str], tee: str, fmspc: str, authority: str) -> dict[str, Answer]:
    """The four answers of a PCCS for a platform, from collateral that was published."""

    def signed(name: str, key: str, header: str) -> Answer:
        body = f'{{"{name}":{collateral[key]},"signature":"{collateral[key + "_signature"]}"}}'
        return Answer(body.encode(), {header: urllib.parse.quote(collateral[key + "_issuer_chain"])})

    chain = urllib.parse.quote(collateral["pck_crl_issuer_chain"])
    return {
        "/sgx/certification/v4/rootcacrl": Answer(collateral["root_ca_crl"].encode()),
        f"/sgx/certification/v4/pckcrl?ca={authority}&encoding=der": Answer(
            bytes.fromhex(collateral["pck_crl"]), {"SGX-PCK-CRL-Issuer-Chain": chain}
        ),
        f"/{tee}/certification/v4/qe/identity": signed(
            "enclaveIdentity", "qe_identity", "SGX-Enclave-Identity-Issuer-Chain"
        ),
        f"/{tee}/certification/v4/tcb?fmspc={fmspc}": signed("tcbInfo", "tcb_info", "TCB-Info-Issuer-Chain"),
    }


def answers_of_amd(
    asked: str, product: str, certificate: tuple[str, bytes] | None = None, *, vlek: bool = False
) -> dict[str, Answer]:
    """KDS: a chain, and a chip's certificate by path and query. There is no list of AMD's among the fixtures.

    Args:
        asked: the product that is asked for.
        product: the one whose chain is sent.
    """
    authority = (FIXTURES / f"amd/ca/{product}-ask.pem").read_bytes()
    if vlek:
        der = (FIXTURES / "amd/ca/milan-asvk.der").read_bytes()
        authority = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    chain = authority + (FIXTURES / f"amd/ca/{product}-ark.pem").read_bytes()
    answers = {f"/{'vlek' if vlek else 'vcek'}/v1/{asked}/cert_chain": Answer(chain)}
    if certificate is not None:
        target, leaf = certificate
        (der,) = certificates(leaf)
        answers[target] = Answer(der)
    return answers


def rim_answer(identifier: str, file: str) -> Answer:
    """NVIDIA's service: a manifest in JSON."""
    document = (FIXTURES / file).read_bytes()
    return Answer(json.dumps({"id": identifier, "rim": base64.b64encode(document).decode()}).encode())
