"""Collateral of an SGX or TDX quote: TCB info, QE identity, and revocation lists, from Intel's PCS or a PCCS.

The PCK certificate in a quote says of which platform it is. Sources: Intel SGX and TDX PCS API, version 4; Intel SGX
PCK Certificate and CRL Specification, 1.3.5 (extensions); Intel TDX DCAP Quoting Library API, A.4 (signature data).
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from zkseal.collateral import der
from zkseal.collateral.cache import Cache, Entry
from zkseal.collateral.download import Response
from zkseal.collateral.item import Checked, Item, Situation, check_list, leaf_and_authorities, rejected
from zkseal.collateral.services import Services
from zkseal.errors import InvalidEncoding
from zkseal.json_text import distinct, parse_json
from zkseal.tee.evidence import Endorsements
from zkseal.tee.native import native
from zkseal.tee.pem import certificates, is_pem

__all__ = ["Quoted", "added", "items", "quoted_of"]

# Contents of identifiers: Intel's extension of PCK certificates, 1.2.840.113741.1.13.1, and in it FMSPC.
_SGX_EXTENSION = bytes.fromhex("2a864886f84d010d01")
_FMSPC = bytes.fromhex("2a864886f84d010d0104")
_AUTHORITIES = {b"Intel SGX PCK Processor CA": "processor", b"Intel SGX PCK Platform CA": "platform"}
# The one name of those who sign TCB info and QE identity: a PCK certificate leads to the same root.
_SIGNER = "CN=Intel SGX TCB Signing,"

_HEADER_BYTES, _ENCLAVE_REPORT_BYTES, _TD_REPORT_BYTES = 48, 384, 584
_TEE_TDX = 0x81
_PCK_CHAIN, _QE_REPORT = 5, 6

ROOT_LIST = "intel/root-crl"


@dataclass(frozen=True)
class Quoted:
    """What a quote says of its platform.

    Attributes:
        tee: `sgx` or `tdx`.
        fmspc: 12 digits, hexadecimal: family, model, stepping, platform type, custom SKU.
        authority: `processor` or `platform`: who issued the PCK certificate.
        path: the PCK certificate and its authorities, DER.
    """

    tee: str
    fmspc: str
    authority: str
    path: tuple[bytes, ...]

    @property
    def tcb(self) -> str:
        """Name of the TCB info."""
        return f"intel/{self.tee}-tcb/{self.fmspc}"

    @property
    def identity(self) -> str:
        """Name of the identity of the quoting enclave."""
        return f"intel/{self.tee}-qe-identity"

    @property
    def pck_list(self) -> str:
        """Name of the revocation list of the authority of PCK certificates."""
        return f"intel/pck-crl/{self.authority}"


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if len(part) != count:
            raise InvalidEncoding("The quote ends too early.", reason="quote")
        self._at += count
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")


def quoted_of(quote: bytes) -> Quoted:
    """The platform of a quote of version 3, 4 or 5. Nothing of the quote is checked but its form.

    Raises:
        InvalidEncoding: it is none, or carries no PCK certificate.
    """
    reader = _Reader(quote)
    header = reader.take(_HEADER_BYTES)
    version, is_tdx = int.from_bytes(header[:2], "little"), int.from_bytes(header[4:8], "little") == _TEE_TDX
    if version not in (3, 4, 5):
        raise InvalidEncoding(f"Quotes of version {version} are not known here.", reason="quote version")
    if version == 5:
        reader.number(2)  # type of the report
        reader.take(reader.number(4))
    else:
        reader.take(_TD_REPORT_BYTES if is_tdx else _ENCLAVE_REPORT_BYTES)
    reader.number(4)  # size of the signature data
    reader.take(64 + 64)  # signature and key of the quote
    if version > 3:
        _certification(reader, _QE_REPORT)
    reader.take(_ENCLAVE_REPORT_BYTES + 64)  # report of the quoting enclave, and its signature
    reader.take(reader.number(2))  # authentication data
    chain = certificates(reader.take(_certification(reader, _PCK_CHAIN)))
    return _platform_of("tdx" if is_tdx else "sgx", chain)


def _certification(reader: _Reader, wanted: int) -> int:
    """Bytes of certification data of one kind."""
    kind, size = reader.number(2), reader.number(4)
    if kind != wanted:
        text = f"The quote carries certification data of type {kind}, and not its PCK certificate."
        raise InvalidEncoding(text, reason="certification data")
    return size


def _platform_of(tee: str, chain: list[bytes]) -> Quoted:
    if not chain:
        raise InvalidEncoding("The quote carries no PCK certificate.", reason="PCK certificate")
    extension = der.extension_of(chain[0], _SGX_EXTENSION)
    fmspc = der.octets_of(extension, _FMSPC) if extension is not None else None
    issuer = der.issuer_of(chain[0])
    authorities = [kind for name, kind in _AUTHORITIES.items() if name in issuer]
    if fmspc is None or len(fmspc) != 6 or len(authorities) != 1:
        text = "The quote's PCK certificate says of no platform or authority that is known here."
        raise InvalidEncoding(text, reason="PCK certificate")
    return Quoted(tee, fmspc.hex(), authorities[0], tuple(chain))


def items(quoted: Quoted, services: Services, *, early: bool = False) -> list[Item]:
    """What the appraisal of such a quote needs.

    Args:
        early: Intel's next TCB evaluation, which it publishes for those who update ahead of the others.
    """
    base, tee, update = services.intel_pcs, quoted.tee, "update=early" if early else ""
    path = (quoted.path[0], list(quoted.path[1:]))
    authority = (quoted.path[1], list(quoted.path[2:])) if len(quoted.path) > 1 else path

    def root_list(response: Response, situation: Situation) -> Checked:
        # The PCS sends DER, a PCCS hexadecimal.
        body = response.body
        data = body if body[:1] == b"\x30" else _hexadecimal(body.decode("ascii", "replace").strip())
        return check_list(response, ROOT_LIST, data, authority, situation.roots.intel, situation.now)

    def pck_list(response: Response, situation: Situation) -> Checked:
        checked = check_list(response, quoted.pck_list, response.body, path, situation.roots.intel, situation.now)
        pem = _issuer_chain(response, "sgx-pck-crl-issuer-chain")
        leaf, others = leaf_and_authorities(pem.encode())
        native().attest_chain(leaf, others, list(situation.roots.intel), [], situation.now)
        return Checked(checked.data, checked.issued_at, checked.expires_at, pem)

    return [
        Item(ROOT_LIST, services.intel_root_list, root_list),
        Item(quoted.pck_list, f"{base}/sgx/certification/v4/pckcrl?ca={quoted.authority}&encoding=der", pck_list),
        Item(
            quoted.identity,
            f"{base}/{tee}/certification/v4/qe/identity{'?' + update if early else ''}",
            _signed("enclaveIdentity", ("sgx-enclave-identity-issuer-chain",), _check_identity(quoted)),
        ),
        Item(
            quoted.tcb,
            f"{base}/{tee}/certification/v4/tcb?fmspc={quoted.fmspc}{'&' + update if early else ''}",
            # The name of version 3 of the interface, which older caches send, stands second.
            _signed("tcbInfo", ("tcb-info-issuer-chain", "sgx-tcb-info-issuer-chain"), _check_tcb(quoted)),
        ),
    ]


def _check_tcb(quoted: Quoted) -> Callable[[dict[str, Any]], str | None]:
    def wrong(info: dict[str, Any]) -> str | None:
        if str(info.get("fmspc", "")).lower() != quoted.fmspc:
            return "it is of another platform"
        return None if info.get("id") == quoted.tee.upper() and info.get("version") == 3 else "it is of another kind"

    return wrong


def _check_identity(quoted: Quoted) -> Callable[[dict[str, Any]], str | None]:
    expected = "TD_QE" if quoted.tee == "tdx" else "QE"

    def wrong(identity: dict[str, Any]) -> str | None:
        kind = (identity.get("id"), identity.get("version"))
        return None if kind == (expected, 2) else "it is of another quoting enclave"

    return wrong


def _signed(
    name: str, headers: tuple[str, ...], wrong: Callable[[dict[str, Any]], str | None]
) -> Callable[[Response, Situation], Checked]:
    """The check of a document that Intel signs: the signature covers the bytes of the object, as they stand."""

    def check(response: Response, situation: Situation) -> Checked:
        text, signature = _split(response.body, name)
        document = parse_json(text, object_pairs_hook=distinct)
        if (reason := wrong(document)) is not None:
            raise rejected(response, name, reason)
        pem = _issuer_chain(response, *headers)
        leaf, others = leaf_and_authorities(pem.encode())
        chain = native().attest_chain(leaf, others, list(situation.roots.intel), [], situation.now)
        if _SIGNER not in chain["subjects"][0] + ",":
            raise rejected(response, name, "its signer is not Intel's for such documents")
        native().attest_signature(chain["public_key"], "ES256", text, signature, name)
        start, end = (_seconds(document.get(key)) for key in ("issueDate", "nextUpdate"))
        if not start <= situation.now <= end:
            raise rejected(response, name, f"it is valid from {start} to {end}, not at {situation.now} (Unix seconds)")
        return Checked(response.body, start, end, pem)

    return check


def _split(body: bytes, name: str) -> tuple[bytes, bytes]:
    """The signed object, byte by byte, and its signature."""
    match = re.fullmatch(rb'\s*\{"%s":(\{.*\}),"signature":"([0-9a-fA-F]{128})"\}\s*' % name.encode(), body, re.DOTALL)
    if match is None:
        raise InvalidEncoding(f"this is no {name} with a signature", reason=name)
    try:
        document = parse_json(match[1], object_pairs_hook=distinct)
    except ValueError as error:
        raise InvalidEncoding(f"the {name} is no JSON", reason=name) from error
    if not isinstance(document, dict):
        raise InvalidEncoding(f"the {name} is no object", reason=name)
    return match[1], bytes.fromhex(match[2].decode())


def _issuer_chain(response: Response, *names: str) -> str:
    """The certificates of the signer, PEM, as they come in a header: percent-encoded."""
    for name in names:
        if name in response.headers:
            pem = urllib.parse.unquote(response.headers[name])
            if pem.isascii() and is_pem(pem.encode()):
                return pem
    raise InvalidEncoding("the header with the certificates of its signer is missing", reason=names[0])


def _seconds(text: Any) -> int:
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except (TypeError, ValueError) as error:
        raise InvalidEncoding("it does not say when it is valid", reason="issueDate, nextUpdate") from error


def _hexadecimal(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidEncoding("it is neither DER nor hexadecimal", reason="revocation list") from error


def added(quoted: Quoted, given: Endorsements, cache: Cache) -> tuple[Endorsements, list[str]]:
    """`given` with what is kept for such a quote, and the names of what is not. Collateral that was given stays."""
    names = (ROOT_LIST, quoted.pck_list, quoted.identity, quoted.tcb)
    if given.collateral is not None:
        return given, []
    entries = {name: entry for name in names if (entry := cache.entry(name)) is not None}
    missing = [name for name in names if name not in entries]
    if missing:
        return given, missing
    return replace(given, collateral=_collateral(quoted, entries, cache)), []


def _collateral(quoted: Quoted, entries: Mapping[str, Entry], cache: Cache) -> str:
    """In the form of dcap-qvl's `QuoteCollateralV3`."""
    kept = {name: cache.content(entry) for name, entry in entries.items()}
    info, info_signature = _split(kept[quoted.tcb], "tcbInfo")
    identity, identity_signature = _split(kept[quoted.identity], "enclaveIdentity")
    return json.dumps(
        {
            "pck_crl_issuer_chain": entries[quoted.pck_list].issuer_chain,
            "root_ca_crl": kept[ROOT_LIST].hex(),
            "pck_crl": kept[quoted.pck_list].hex(),
            "tcb_info_issuer_chain": entries[quoted.tcb].issuer_chain,
            "tcb_info": info.decode(),
            "tcb_info_signature": info_signature.hex(),
            "qe_identity_issuer_chain": entries[quoted.identity].issuer_chain,
            "qe_identity": identity.decode(),
            "qe_identity_signature": identity_signature.hex(),
        }
    )
