"""The log of a measured boot: what firmware, boot loader and kernel extended into the PCRs, read strictly and replayed.

A quote signs PCR values, which are chains of digests; the log says what each link was. Nobody signs the log. It is
believed as far as replaying it gives the values that the TPM signed (`replay`), and that covers digests alone: the type
and the text of an event are a hint of whoever handed out the log, unless the text is what was hashed (`Event.holds`).

Source: TCG PC Client Platform Firmware Profile Specification, family 2.0, 10.2 (crypto agile log).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zkseal.errors import InvalidEncoding
from zkseal.tee.tpm_structures import HASHES

__all__ = ["MAX_LOG_BYTES", "NUM_PCRS", "Event", "boot_claims", "parse_event_log", "replay"]

MAX_LOG_BYTES = 1 << 20
MAX_EVENTS = 4096
NUM_PCRS = 24

EV_NO_ACTION = 0x03
EV_EVENT_TAG = 0x06
EV_IPL = 0x0D

_SIGNATURE = b"Spec ID Event03\0"
_LOCALITY = b"StartupLocality\0"
# Events without a PCR carry this in its place.
_NO_PCR = 0xFFFFFFFF

# Tags of Linux's EFI stub (drivers/firmware/efi/libstub/efistub.h).
_TAG_LOAD_OPTIONS = 0x8F3B22ED
_TAG_INITRD = 0x8F3B22EC
# What GRUB writes before the string that it measures (grub-core/commands/tpm.c), and the names of claims.
_GRUB_STRINGS = {b"kernel_cmdline: ": "kernel_command_line"}


@dataclass(frozen=True)
class Event:
    """One entry.

    Attributes:
        pcr: which PCR was extended; None where nothing is extended.
        kind: its type, a number of the specification's table 9.
        digests: for each bank (`sha256`) what was extended.
        data: what the log says about it.
    """

    pcr: int | None
    kind: int
    digests: Mapping[str, bytes]
    data: bytes

    def holds(self, measured: bytes) -> bool:
        """Whether `measured` is what was extended, in every bank."""
        return bool(self.digests) and all(
            hmac.compare_digest(hashlib.new(b, measured).digest(), d) for b, d in self.digests.items()
        )


def _refused(reason: str) -> InvalidEncoding:
    return InvalidEncoding(f"The event log is malformed: {reason}.", reason="event log")


class _Reader:
    """Little-endian bytes, bounds checked."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise _refused(f"it ends at byte {len(self._data)}, inside an entry")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")


def parse_event_log(data: bytes) -> tuple[Event, ...]:
    """The events of a crypto agile log, without its header.

    Raises:
        InvalidEncoding: it is none, is cut short, or an entry breaks the specification.
    """
    if len(data) > MAX_LOG_BYTES:
        raise _refused(f"{len(data)} bytes are more than {MAX_LOG_BYTES}")
    reader = _Reader(data)
    banks = _read_header(reader)
    events: list[Event] = []
    while reader.left:
        if len(events) == MAX_EVENTS:
            raise _refused(f"it has more than {MAX_EVENTS} events")
        events.append(_read_event(reader, banks))
    return tuple(events)


def _read_header(reader: _Reader) -> dict[int, int]:
    """Sizes of digests by algorithm, from the first entry, which has the form of older logs."""
    if (reader.number(4), reader.number(4)) != (0, EV_NO_ACTION) or any(reader.take(20)):
        raise _refused("it does not begin with the header of a crypto agile log")
    header = _Reader(reader.take(reader.number(4)))
    if header.take(16) != _SIGNATURE:
        raise _refused("its header has another signature")
    header.take(4)  # platform class
    _, major, _, word = (header.number(1) for _ in range(4))
    if major != 2 or word not in (1, 2):
        raise _refused("its header is of another version")
    banks: dict[int, int] = {}
    for _ in range(header.number(4)):
        algorithm, size = header.number(2), header.number(2)
        known = HASHES.get(algorithm)
        if algorithm in banks or size == 0 or (known is not None and hashlib.new(known).digest_size != size):
            raise _refused("its header lists an algorithm twice or with a wrong size")
        banks[algorithm] = size
    header.take(header.number(1))  # vendor's
    if header.left or not banks:
        raise _refused("its header has no algorithms, or bytes follow it")
    return banks


def _read_event(reader: _Reader, banks: Mapping[int, int]) -> Event:
    pcr, kind = reader.number(4), reader.number(4)
    if reader.number(4) != len(banks):
        raise _refused("an event has not one digest for each algorithm")
    digests: dict[int, bytes] = {}
    for _ in banks:
        algorithm = reader.number(2)
        if algorithm not in banks or algorithm in digests:
            raise _refused("an event has not one digest for each algorithm")
        digests[algorithm] = reader.take(banks[algorithm])
    event_data = reader.take(reader.number(4))
    if kind == EV_NO_ACTION:
        # Informative: nothing is extended, so there is nothing to hash.
        if any(any(digest) for digest in digests.values()) or (pcr >= NUM_PCRS and pcr != _NO_PCR):
            raise _refused("an event that extends nothing has a digest")
    elif pcr >= NUM_PCRS:
        raise _refused(f"there is no PCR {pcr}")
    named = {HASHES[algorithm]: digest for algorithm, digest in digests.items() if algorithm in HASHES}
    return Event(None if kind == EV_NO_ACTION else pcr, kind, named, event_data)


def replay(events: Sequence[Event], bank: str) -> dict[int, bytes]:
    """The value of each PCR that the events extend, in one bank.

    Raises:
        InvalidEncoding: the log has no such bank, or says the locality of startup too late or twice.
    """
    values: dict[int, bytes] = {}
    for event in events:
        if event.pcr is None:
            if event.data.startswith(_LOCALITY):
                _start(values, event.data[len(_LOCALITY) :], hashlib.new(bank).digest_size)
            continue
        if bank not in event.digests:
            raise _refused(f"it has no digests of {bank}")
        digest = event.digests[bank]
        value = values.get(event.pcr, bytes(len(digest)))
        values[event.pcr] = hashlib.new(bank, value + digest).digest()
    return values


def _start(values: dict[int, bytes], locality: bytes, size: int) -> None:
    """TPM2_Startup from another locality than 0 starts PCR 0 with its number (Library, part 3, 9.3)."""
    if len(locality) != 1 or locality[0] > 4 or 0 in values:
        raise _refused("its locality of startup is none, or comes too late")
    values[0] = locality.rjust(size, b"\0")


def boot_claims(events: Sequence[Event]) -> dict[str, str]:
    """What the events of PCR 8 and 9 say about the kernel, to look at; a policy compares PCR values.

    `kernel_command_line` is the text that GRUB measured, only where the digest is that of the text. Linux's EFI stub
    keeps the text out of the log: `kernel_load_options_sha256` and `initrd_sha256` are digests of what it measured.
    """
    found: dict[str, str] = {}
    for event in events:
        if event.pcr not in (8, 9):
            continue
        if event.kind == EV_IPL:
            for prefix, name in _GRUB_STRINGS.items():
                text = event.data.rstrip(b"\0").removeprefix(prefix)
                if event.data.startswith(prefix) and event.holds(text):
                    found[name] = text.decode("utf-8", "replace")
        elif event.kind == EV_EVENT_TAG and "sha256" in event.digests:
            tag = int.from_bytes(event.data[:4], "little")
            if tag == _TAG_LOAD_OPTIONS:
                found["kernel_load_options_sha256"] = event.digests["sha256"].hex()
            elif tag == _TAG_INITRD:
                found["initrd_sha256"] = event.digests["sha256"].hex()
    return found
