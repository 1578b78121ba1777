"""NVIDIA's reference integrity manifests: SWID tags (ISO/IEC 19770-2) under an enveloped XML signature.

Sources: XML Signature 1.1 (W3C), 3.2 and 4.4; TCG Reference Integrity Manifest Information Model; NVIDIA/nvtrust,
`local_gpu_verifier/src/verifier/rim`. One form of signature is accepted, the one that NVIDIA makes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from zkseal.errors import InvalidEncoding, SignatureRejected
from zkseal.tee.canonical_xml import Element, canonical, parse
from zkseal.tee.context import CORE, Context, Found, check_revocation, no_chip
from zkseal.tee.evidence import base64_bytes
from zkseal.tee.native import native
from zkseal.tee.result import Assurance

__all__ = ["ANNOUNCED", "Rim", "authenticate", "verify"]

OWN = (*CORE, "digest")
ANNOUNCED = (*OWN, "debug", "chips")

XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/2006/12/xml-c14n11"
ALGORITHMS = {
    "CanonicalizationMethod": C14N,
    "SignatureMethod": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "DigestMethod": "http://www.w3.org/2001/04/xmldsig-more#sha384",
}
TRANSFORMS = [f"{XMLDSIG}enveloped-signature", C14N]


@dataclass(frozen=True)
class Rim:
    """A manifest.

    Attributes:
        product: the chip, such as GH100.
        version: of the driver or VBIOS.
        measurements: for each active measurement, by index, its accepted values in hexadecimal.
    """

    product: str
    version: str
    measurements: dict[int, tuple[str, ...]]


def verify(context: Context, found: Found) -> None:
    """Verifies a manifest by itself."""
    rim, chain = found.checks.core(OWN, lambda: authenticate(context, context.evidence.payload))
    check_revocation(found.checks, all(chain["revocation_checked"]))
    found.checks.skipped("debug", "a manifest is of firmware, not of a device")
    no_chip(found.checks, context, "a manifest is of no chip")
    found.assurance = Assurance.HARDWARE
    found.claims |= {"product": rim.product, "version": rim.version, "measurements": len(rim.measurements)}
    found.claims["certificate_window"] = [chain["not_before"], chain["not_after"]]


def authenticate(context: Context, document: bytes) -> tuple[Rim, dict[str, Any]]:
    """The manifest and the chain of its signer: chain, window, revocation, signature, digest, in this order."""
    root = parse(document)
    signature = root.only("Signature", XMLDSIG)
    signed_info = signature.only("SignedInfo", XMLDSIG)
    reference = _check_form(signed_info)
    data = signature.only("KeyInfo").only("X509Data")
    texts = [certificate.text() for certificate in data.children("X509Certificate")]
    leaf, *others = (base64_bytes("".join(text.split()), "certificate") for text in texts or [""])
    value = base64_bytes("".join(signature.only("SignatureValue").text().split()), "signature")
    lists = list(context.evidence.endorsements.revocation_lists)
    chain = native().attest_chain(leaf, others, list(context.roots.nvidia_rim), lists, context.now)
    native().attest_signature(chain["public_key"], "ES384", canonical(signed_info), value, "manifest")
    wanted = base64_bytes("".join(reference.only("DigestValue").text().split()), "digest")
    # The signature covers the digest, the digest the document.
    if hashlib.sha384(canonical(root, without=signature)).digest() != wanted:
        raise SignatureRejected("The manifest was changed after it was signed.", reason="digest", check="digest")
    return _content(root), chain


def _check_form(signed_info: Element) -> Element:
    """The one reference of the signature, to the whole document."""
    reference = signed_info.only("Reference", XMLDSIG)
    methods = {
        "CanonicalizationMethod": signed_info.only("CanonicalizationMethod"),
        "SignatureMethod": signed_info.only("SignatureMethod"),
        "DigestMethod": reference.only("DigestMethod"),
    }
    transforms = [t.attribute("Algorithm") for t in reference.only("Transforms").children("Transform")]
    wrong = [name for name, method in methods.items() if method.attribute("Algorithm") != ALGORITHMS[name]]
    if wrong or transforms != TRANSFORMS or reference.attributes.get("URI") != "":
        raise InvalidEncoding("The signature has another form than NVIDIA's.", reason="XML signature")
    return reference


def _content(root: Element) -> Rim:
    (meta,) = root.children("Meta") or [Element("", {}, {})]
    measurements: dict[int, tuple[str, ...]] = {}
    for resource in root.only("Payload").children("Resource"):
        if resource.attribute("active") != "True" or resource.attribute("type") != "Measurement":
            continue
        count, index = resource.attribute("alternatives"), resource.attribute("index")
        if count is None or index is None or not (count + index).isdecimal() or int(count) > 64:
            raise InvalidEncoding("A measurement of the manifest has no index or count.", reason="RIM")
        values = [resource.attribute(f"Hash{i}") for i in range(int(count))]
        if not values or None in values or int(index) in measurements:
            raise InvalidEncoding("A measurement of the manifest is not complete.", reason="RIM")
        measurements[int(index)] = tuple(str(value).lower() for value in values)
    return Rim(meta.attribute("product") or "", meta.attribute("colloquialVersion") or "", measurements)
