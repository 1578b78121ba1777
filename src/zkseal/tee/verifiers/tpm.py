"""TPM 2.0 quotes: alone, or in the attestation of go-tpm-tools that Google's machines hand out.

A quote is signed by an attestation key (AK). Whose key that is, a certificate says (`chain`, to a pinned root), or the
policy; or nobody, and then the assurance is that of a simulation. What the swtpm of a developer certifies is never
production: its authorities are recognised by name.

Sources: TPM 2.0 Library, part 1, 16.4 (quote) and part 2; google/go-tpm-tools, proto/attest.proto and proto/tpm.proto.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from zkseal.errors import InvalidEncoding, MeasurementMismatch, SignatureRejected, UntrustedRoot, ZksealError
from zkseal.tee.context import Context, Found, check_nonce, check_references, check_revocation, denied, no_chip
from zkseal.tee.event_log import boot_claims, parse_event_log, replay
from zkseal.tee.native import native
from zkseal.tee.result import Assurance, Rejected
from zkseal.tee.tpm_structures import Attest, Signature, decode_attest, decode_public, decode_signature

__all__ = ["ANNOUNCED", "check_quote", "verify"]

ANNOUNCED = (
    "format",
    "validity",
    "revocation",
    "signature",
    "pcr-digest",
    "freshness",
    "ak-certificate",
    "development-root",
    "debug",
    "nonce",
    "reference-values",
    "event-log",
    "chips",
)

# PCRs of firmware, boot loader and kernel: one that was quoted and has no event in the log has to be untouched. Those
# above are extended by the running system as well, whose log is another.
_BOOT_PCRS = range(10)

# TPMS_ATTEST, its signature, and the values of the PCRs that it selects, if they are known.
_Quote: TypeAlias = tuple[bytes, Signature, Sequence[bytes] | None]

# Common names of authorities that swtpm_setup makes (swtpm 0.7, swtpm-localca).
DEVELOPMENT_AUTHORITIES = (b"swtpm-localca",)


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises a quote, or all quotes of one attestation."""
    checks, endorsements = found.checks, context.evidence.endorsements
    payload = context.evidence.payload
    try:
        if payload[:1] == b"\x0a":
            key, certificates, quotes, event_log = _decode_attestation(payload)
        else:
            if endorsements.public_key is None or endorsements.signature is None:
                raise InvalidEncoding("A quote comes with its signature and public key; give both.", reason="signature")
            key, certificates, event_log = endorsements.public_key, [], None
            quotes = [(payload, decode_signature(endorsements.signature), endorsements.pcrs)]
        attests = [decode_attest(message) for message, _, _ in quotes]
    except ZksealError as error:
        checks.failed("format", error)
        raise Rejected from error
    checks.passed("format")
    for (message, signature, pcrs), attest in zip(quotes, attests, strict=True):
        check_quote(found, key, message, signature, attest, pcrs)
    extra = {attest.extra_data for attest in attests}
    bound = extra.pop() if len(extra) == 1 else b""
    text = "the quotes carry no nonce, or not the same: they may be of any time"
    checks.require("freshness", bool(bound), denied("freshness", text))
    found.claims["public_key_sha256"] = hashlib.sha256(key).hexdigest()
    _check_key(context, found, key, [*certificates, *endorsements.certificates])
    checks.skipped("debug", "a TPM does not say whether its machine can be debugged")
    check_nonce(checks, context, bound)
    check_references(checks, context, "tpm", found.claims.get("pcrs", {}))
    _check_event_log(found, endorsements.event_log if event_log is None else event_log)
    no_chip(checks, context, "a quote names no chip")


def check_quote(
    found: Found, key: bytes, message: bytes, signature: Signature, attest: Attest, pcrs: Sequence[bytes] | None
) -> None:
    """`signature` and `pcr-digest` of one quote; its claims."""
    checks = found.checks
    checks.core(
        ("signature",), lambda: native().attest_signature(key, signature.scheme, message, signature.value, "TPM quote")
    )
    found.claims["extra_data"] = attest.extra_data.hex()
    found.claims |= {"clock_ms": attest.clock_ms, "reset_count": attest.reset_count}
    found.claims["firmware_version"] = f"{attest.firmware_version:016x}"
    if pcrs is None:
        checks.skipped("pcr-digest", "PCR values were not given")
        return
    try:
        values = _pcr_values(attest, signature, pcrs)
        if again := values.keys() & found.claims.get("pcrs", {}).keys():
            raise InvalidEncoding(f"Two quotes select {sorted(again)[0]}.", reason="PCR selection")
    except ZksealError as error:
        checks.failed("pcr-digest", error)
        raise Rejected from error
    checks.passed("pcr-digest")
    found.claims["pcrs"] = found.claims.get("pcrs", {}) | values


def _pcr_values(attest: Attest, signature: Signature, pcrs: Sequence[bytes]) -> dict[str, str]:
    """The values by name, such as `sha256.pcr4`, once they are those that were signed.

    The digest is over the values one after the other, without their lengths: each must be as long as a digest of its
    bank, or bytes could go from one PCR to another. It is of the hash of the signature (part 3, 18.4: TPM2_Quote).
    """
    names = [(bank, number) for bank, chosen in attest.selection for number in chosen]
    sizes = [hashlib.new(bank).digest_size for bank, _ in names]
    digest = hashlib.new(f"sha{signature.scheme[2:]}", b"".join(pcrs)).digest()
    if sizes != [len(value) for value in pcrs] or digest != attest.pcr_digest:
        raise SignatureRejected("The PCR values are not those that the TPM signed.", reason="PCR digest")
    return {f"{bank}.pcr{number}": value.hex() for (bank, number), value in zip(names, pcrs, strict=True)}


def _check_event_log(found: Found, log: bytes | None) -> None:
    """`event-log`: replayed, the log gives the values that were quoted; then what it says of the kernel is a claim."""
    checks, quoted = found.checks, found.claims.get("pcrs")
    if log is None or not quoted:
        checks.skipped("event-log", "no event log was given" if log is None else "PCR values were not given")
        return
    try:
        events = parse_event_log(log)
        values = {bank: replay(events, bank) for bank in sorted({name.partition(".")[0] for name in quoted})}
    except ZksealError as error:
        checks.failed("event-log", error)
        return
    uncovered = 0
    for name, value in quoted.items():
        bank, _, pcr = name.partition(".pcr")
        number = int(pcr)
        if number not in values[bank] and number not in _BOOT_PCRS:
            uncovered += 1
            continue
        replayed = values[bank].get(number, bytes(len(value) // 2)).hex()
        if replayed != value:
            text = f"The event log gives tpm.{name} another value than the TPM signed: it is not the log of this boot."
            checks.failed("event-log", MeasurementMismatch(text, claim=f"tpm.{name}", got=replayed))
            return
    checks.passed("event-log", f"{len(events)} events; it says nothing of {uncovered} quoted values above PCR 9")
    found.claims["boot"] = boot_claims(events)


def _check_key(context: Context, found: Found, key: bytes, certificates: list[bytes]) -> None:
    """`ak-certificate` and `development-root`: what closes the chain decides the assurance.

    `validity` and `revocation` are those of the certificate: not made where it is not what vouches for the key.
    """
    checks, policy = found.checks, context.policy
    development = any(name in certificate for certificate in certificates for name in DEVELOPMENT_AUTHORITIES)
    if development:
        found.assurance = Assurance.VTPM_DEV
        error = denied("development-root", "the TPM's authority is swtpm-localca: a development TPM")
        checks.require("development-root", policy.allow_development_roots, error, "a development TPM")
    else:
        checks.passed("development-root", "none is among the certificates")
    for name in ("validity", "revocation"):
        checks.skipped(name, "no certificate of the attestation key was checked")
    named = policy.tpm_trusted_keys.get(hashlib.sha256(key).hexdigest())
    if named is not None:
        found.assurance = min(Assurance[named.upper()], found.assurance if development else Assurance.VTPM_CLOUD)
        checks.passed("ak-certificate", f"the policy vouches for the key as {found.assurance.name.lower()}")
        return
    if development or not certificates:
        checks.skipped("ak-certificate", "no certificate of the attestation key was given")
        return
    leaf, *others = certificates
    lists = list(context.evidence.endorsements.revocation_lists)
    try:
        chain = native().attest_chain(leaf, others, list(context.roots.tpm), lists, context.now)
        if chain["public_key"] != key:
            raise UntrustedRoot("The certificate is not of the key that signed the quote.", reason="attestation key")
    except ZksealError as error:
        if "missing_issuer" in error.fields:
            checks.skipped("ak-certificate", f"there is no certificate of {error.fields['missing_issuer']}")
        else:
            checks.failed("ak-certificate", error)
        return
    found.assurance = Assurance.VTPM_CLOUD
    checks.passed("validity")
    checks.passed("revocation")
    check_revocation(checks, all(chain["revocation_checked"]))
    checks.passed("ak-certificate", chain["subjects"][0])


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of a protobuf message: varints and bytes, no other wire type."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(message) or shift > 63:
                raise InvalidEncoding("The attestation is no protobuf message.", reason="protobuf")
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 == 2:
            size = varint()
            if at + size > len(message):
                raise InvalidEncoding("The attestation is no protobuf message.", reason="protobuf")
            at += size
            yield tag >> 3, message[at - size : at]
        else:
            raise InvalidEncoding("The attestation is no protobuf message.", reason="protobuf")


def _of(message: bytes, number: int, kind: type[Any]) -> list[Any]:
    return [value for field, value in _fields(message) if field == number and isinstance(value, kind)]


def _decode_attestation(payload: bytes) -> tuple[bytes, list[bytes], list[_Quote], bytes | None]:
    """Key, certificates, quotes and event log of a go-tpm-tools `Attestation`.

    `ak_pub` = 1, `quotes` = 2 (`quote` = 1, `raw_sig` = 2, `pcrs` = 3 with `pcrs` = 2 as map), `ak_cert` = 6,
    `intermediate_certs` = 7, `event_log` = 3. The log of the running system (5) is not replayed.
    """
    keys, certificates = _of(payload, 1, bytes), _of(payload, 6, bytes) + _of(payload, 7, bytes)
    if len(keys) != 1:
        raise InvalidEncoding("The attestation has no single key.", reason="protobuf")
    quotes: list[_Quote] = []
    for quote in _of(payload, 2, bytes):
        messages, signatures = _of(quote, 1, bytes), _of(quote, 2, bytes)
        values: dict[int, bytes] = {}
        for bank in _of(quote, 3, bytes):
            for entry in _of(bank, 2, bytes):
                numbers, contents = _of(entry, 1, int) or [0], _of(entry, 2, bytes)
                values[numbers[-1]] = contents[-1] if contents else b""
        if len(messages) != 1 or len(signatures) != 1:
            raise InvalidEncoding("A quote of the attestation is not complete.", reason="protobuf")
        quotes.append((messages[0], decode_signature(signatures[0]), [values[n] for n in sorted(values)]))
    if not quotes:
        raise InvalidEncoding("The attestation has no quotes.", reason="protobuf")
    logs = _of(payload, 3, bytes)
    if len(logs) > 1:
        raise InvalidEncoding("The attestation has several event logs.", reason="protobuf")
    return decode_public(keys[0]), certificates, quotes, logs[0] if logs else None
