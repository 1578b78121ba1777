"""Logs of measured boots: replayed to the values that a TPM signed; changed, refused or of other values."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tee.rows import FIXTURES, ROWS, verdict_of

from zkseal.errors import InvalidEncoding, MeasurementMismatch
from zkseal.tee import Evidence, Platform, appraise_evidence, load_policy, read_evidence
from zkseal.tee.event_log import EV_IPL, EV_NO_ACTION, Event, boot_claims, parse_event_log, replay

BOOT = FIXTURES / "measured-boot"
LOG = (BOOT / "event_log").read_bytes()
EVENTS = parse_event_log(LOG)
VALUES = replay(EVENTS, "sha256")
NOW = 1780000000
NONCE = b"\xab" * 32


def quote(log: bytes | None = LOG) -> Evidence:
    """The quote of one boot under QEMU, with its event log."""
    others = [(BOOT / name).read_bytes() for name in ("signature", "pcrs", "ek.der")]
    evidence = read_evidence((BOOT / "quote").read_bytes(), others, platform=Platform.TPM)
    key = (BOOT / "ak.der").read_bytes()
    return replace(evidence, endorsements=replace(evidence.endorsements, public_key=key, event_log=log))


@pytest.mark.native
def test_the_log_gives_the_values_that_the_tpm_signed() -> None:
    result = appraise_evidence(quote(), load_policy("development"), now=NOW, nonce=NONCE)
    assert {check.name: check.outcome for check in result.checks}["event-log"] == "pass"
    assert result.claims["pcrs"] == {f"sha256.pcr{pcr}": VALUES[pcr].hex() for pcr in (0, 1, 2, 3, 4, 5, 7, 9)}


@pytest.mark.native
def test_the_command_line_can_be_compared_with_its_digest() -> None:
    """Linux's EFI stub measures it in UTF-16 with the closing zero; QEMU's firmware adds where the initrd is."""
    result = appraise_evidence(quote(), load_policy("development"), now=NOW, nonce=NONCE)
    line = "console=ttyS0 quiet evil initrd=initrd\0".encode("utf-16-le")
    assert result.claims["boot"]["kernel_load_options_sha256"] == hashlib.sha256(line).hexdigest()


@pytest.mark.native
def test_the_logs_of_google_s_machines_are_replayed_in_every_bank() -> None:
    row = next(row for row in ROWS if "nonce9009" in row["evidence"])
    verdict = verdict_of(row)
    assert verdict.check("event-log") == "pass"
    claims = verdict.ear["submods"]["tpm"]["ear_veraison_annotated_evidence"]
    assert claims["boot"]["kernel_command_line"].startswith("/syslinux/vmlinuz.A init=/usr/lib/systemd/systemd")


@pytest.mark.native
def test_without_a_log_the_check_is_not_made_and_the_policy_decides() -> None:
    result = appraise_evidence(quote(None), load_policy("development"), now=NOW, nonce=NONCE)
    assert {check.name: check.outcome for check in result.checks}["event-log"] == "not_checked"
    assert "boot" not in result.claims


@pytest.mark.native
@pytest.mark.parametrize("events", [0, len(EVENTS) - 1])
def test_a_log_that_leaves_something_out_is_refused(events: int) -> None:
    with pytest.raises(MeasurementMismatch) as caught:
        appraise_evidence(quote(LOG[: _ends()[events]]), load_policy("development"), now=NOW, nonce=NONCE)
    assert caught.value.fields["check"] == "event-log"


def _ends() -> list[int]:
    """Where the header and each event end, computed from lengths: an event of one bank has 50 bytes and its data."""
    ends = [32 + 33]
    for event in EVENTS:
        ends.append(ends[-1] + 4 + 4 + 4 + 2 + 32 + 4 + len(event.data))
    assert ends[-1] == len(LOG)
    return ends


def test_every_truncation_is_refused_or_gives_other_values() -> None:
    boundaries = set(_ends()[:-1])
    for size in range(len(LOG)):
        try:
            values = replay(parse_event_log(LOG[:size]), "sha256")
        except InvalidEncoding:
            assert size not in boundaries
        else:
            assert size in boundaries
            assert values != VALUES


def test_every_flipped_byte_is_refused_or_gives_other_values_unless_it_is_a_hint() -> None:
    """Type and data of an event are not what the TPM hashed: nothing is decided on them."""
    hints: set[int] = set()
    for start, event in zip(_ends(), EVENTS, strict=False):
        hints |= set(range(start + 4, start + 8)) | set(range(start + 50, start + 50 + len(event.data)))
    # Platform class, minor version and errata of the header.
    hints |= set(range(32 + 16, 32 + 21)) | {32 + 22}
    for at in range(len(LOG)):
        for bit in (0x01, 0x80):
            changed = bytearray(LOG)
            changed[at] ^= bit
            try:
                values = replay(parse_event_log(bytes(changed)), "sha256")
            except InvalidEncoding:
                continue
            assert values != VALUES or at in hints, at


@given(st.binary(max_size=300), st.integers(0, len(LOG)))
def test_rubbish_is_refused_by_a_typed_error_or_read(rubbish: bytes, at: int) -> None:
    try:
        events = parse_event_log(LOG[:at] + rubbish + LOG[at + len(rubbish) :])
        replay(events, "sha256")
        boot_claims(events)
    except InvalidEncoding:
        pass


def _event(pcr: int | None, kind: int, digest: bytes, data: bytes) -> Event:
    return Event(pcr, kind, {"sha256": digest}, data)


def test_the_locality_of_startup_begins_pcr_0() -> None:
    start = _event(None, EV_NO_ACTION, bytes(32), b"StartupLocality\0\3")
    first = _event(0, 8, b"\1" * 32, b"")
    assert replay([start, first], "sha256")[0] == hashlib.sha256(bytes(31) + b"\3" + b"\1" * 32).digest()
    for wrong in ([first, start], [start, start], [replace(start, data=b"StartupLocality\0\5")]):
        with pytest.raises(InvalidEncoding):
            replay(wrong, "sha256")


def test_a_text_counts_only_if_it_is_what_was_hashed() -> None:
    text = b"/vmlinuz ro"
    event = _event(8, EV_IPL, hashlib.sha256(text).digest(), b"kernel_cmdline: " + text + b"\0")
    assert boot_claims([event]) == {"kernel_command_line": "/vmlinuz ro"}
    assert boot_claims([replace(event, data=b"kernel_cmdline: /vmlinuz rw\0")]) == {}


def test_another_bank_than_the_log_has_is_refused() -> None:
    with pytest.raises(InvalidEncoding):
        replay(EVENTS, "sha384")
