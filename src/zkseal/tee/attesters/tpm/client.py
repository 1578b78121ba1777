"""The few TPM commands that attesting needs, with empty passwords: keys of the endorsement hierarchy, quotes, PCRs, NV.

Our own, because it is a page, and the library of the TCG stack is a C library that not every machine has. A resource
manager is not needed: a key is flushed after use. Names and numbers are those of TPM 2.0 Library, parts 2 and 3.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from zkseal.errors import DeviceRefused, WrongInput
from zkseal.tee.attesters.tpm.transport import Transport, open_tcti
from zkseal.tee.event_log import NUM_PCRS
from zkseal.tee.tpm_structures import ALG_ECC, ALG_ECDSA, ALG_NULL, ALG_SHA256, Reader

__all__ = ["AttestationKey", "TpmClient", "pcr_numbers"]

ST_NO_SESSIONS, ST_SESSIONS = 0x8001, 0x8002
RS_PASSWORD = 0x40000009
RH_OWNER, RH_ENDORSEMENT = 0x40000001, 0x4000000B
CC_NV_UNDEFINE, CC_NV_DEFINE, CC_CREATE_PRIMARY, CC_NV_INCREMENT = 0x122, 0x12A, 0x131, 0x134
CC_NV_READ, CC_QUOTE, CC_FLUSH, CC_NV_READ_PUBLIC, CC_PCR_READ, CC_PCR_EXTEND = 0x14E, 0x158, 0x165, 0x169, 0x17E, 0x182
CC_NV_WRITE, CC_NV_CERTIFY = 0x137, 0x184
RC_SUCCESS = 0
# TPM_RC_HANDLE for the first handle: no such index.
RC_NO_INDEX = 0x18B
# TPM_RC_YIELDED, TESTING, RETRY: nothing is wrong, the command is to be sent again.
RC_AGAIN = {0x908, 0x90A, 0x922}
ATTEMPTS = 8
ECC_P256 = 0x0003
# fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign: signs what the TPM itself says, no more.
AK_ATTRIBUTES = 0x00050072
PCR_BYTES = 3
NV_CHUNK = 512


def u16(value: int) -> bytes:
    """Two bytes."""
    return value.to_bytes(2, "big")


def u32(value: int) -> bytes:
    """Four bytes."""
    return value.to_bytes(4, "big")


def sized(data: bytes) -> bytes:
    """A TPM2B."""
    return u16(len(data)) + data


def pcr_numbers(pcrs: Sequence[int]) -> tuple[int, ...]:
    """In order, each once. Raises `WrongInput` for those that there are not, and for none."""
    if not pcrs or any(not 0 <= pcr < NUM_PCRS for pcr in pcrs):
        expected = f"numbers from 0 to {NUM_PCRS - 1}, at least one"
        raise WrongInput(f"PCRs are {expected}, not {list(pcrs)}.", name="pcrs", expected=expected, got=list(pcrs))
    return tuple(sorted(set(pcrs)))


def selection(pcrs: Sequence[int]) -> bytes:
    """TPML_PCR_SELECTION of PCRs of the SHA-256 bank."""
    bits = bytearray(PCR_BYTES)
    for pcr in pcrs:
        bits[pcr // 8] |= 1 << pcr % 8
    return u32(1) + u16(ALG_SHA256) + bytes([PCR_BYTES]) + bytes(bits)


# TPMT_PUBLIC of the attestation key: ECDSA on P-256 with SHA-256.
_AK_PUBLIC = (
    u16(ALG_ECC) + u16(ALG_SHA256) + u32(AK_ATTRIBUTES) + sized(b"")
    + u16(ALG_NULL) + u16(ALG_ECDSA) + u16(ALG_SHA256) + u16(ECC_P256) + u16(ALG_NULL) + sized(b"") + sized(b"")
)  # fmt: skip
EMPTY_PASSWORD = u32(RS_PASSWORD) + sized(b"") + b"\1" + sized(b"")


@dataclass(frozen=True)
class AttestationKey:
    """A loaded key: its handle, and its TPMT_PUBLIC."""

    handle: int
    public: bytes


class TpmClient:
    """A conversation with one TPM.

    Args:
        transport: see `open_tcti`.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @staticmethod
    @contextmanager
    def connect(tcti: str) -> Iterator[TpmClient]:
        """A client for the length of a `with`.

        Raises:
            WrongInput: `tcti` names no TPM.
            FileUnavailable: none answers there.
        """
        transport = open_tcti(tcti)
        try:
            yield TpmClient(transport)
        finally:
            transport.close()

    @contextmanager
    def attestation_key(self) -> Iterator[AttestationKey]:
        """The attestation key of this TPM, the same each time: derived from the seed of the endorsement hierarchy.

        Raises:
            DeviceRefused: the hierarchy has a password, or the TPM has no such keys.
        """
        with self.primary(RH_ENDORSEMENT, _AK_PUBLIC) as (handle, public):
            yield AttestationKey(handle, public)

    @contextmanager
    def primary(self, hierarchy: int, template: bytes) -> Iterator[tuple[int, bytes]]:
        """Handle and TPMT_PUBLIC of a key that the TPM derives from the seed of a hierarchy."""
        no_sensitive = sized(sized(b"") + sized(b""))
        parameters = no_sensitive + sized(template) + sized(b"") + u32(0)
        answer = self.run(CC_CREATE_PRIMARY, [hierarchy], parameters, authorizations=1)
        handle = answer.number(4)
        answer.number(4)  # size of what follows
        with self.flushed(handle):
            yield handle, answer.sized()

    @contextmanager
    def flushed(self, handle: int) -> Iterator[int]:
        """Takes an object or a session out of the TPM's memory afterwards."""
        try:
            yield handle
        finally:
            self.run(CC_FLUSH, [], u32(handle))

    def quote(self, key: AttestationKey, pcrs: Sequence[int], extra_data: bytes) -> tuple[bytes, bytes]:
        """TPMS_ATTEST over PCRs of the SHA-256 bank, and its TPMT_SIGNATURE."""
        parameters = sized(extra_data) + u16(ALG_NULL) + selection(pcrs)
        return self._attestation(self.run(CC_QUOTE, [key.handle], parameters, authorizations=1))

    def read_pcrs(self, pcrs: Sequence[int]) -> dict[int, bytes]:
        """Values of the SHA-256 bank. A TPM hands out eight at most at a time."""
        values: dict[int, bytes] = {}
        wanted = sorted(set(pcrs))
        for start in range(0, len(wanted), 8):
            chosen = wanted[start : start + 8]
            answer = self.run(CC_PCR_READ, [], selection(chosen))
            answer.take(4)  # counter of changes
            answer.take(len(selection(chosen)))
            found = [answer.sized() for _ in range(answer.number(4))]
            if len(found) != len(chosen):
                raise self.refused("it has no SHA-256 bank, or not these PCRs")
            values |= dict(zip(chosen, found, strict=True))
        return values

    def extend_pcr(self, pcr: int, digest: bytes) -> None:
        """Extends a PCR of the SHA-256 bank by a digest of 32 bytes."""
        self.run(CC_PCR_EXTEND, [pcr], u32(1) + u16(ALG_SHA256) + digest, authorizations=1)

    def nv_public(self, index: int) -> tuple[int, int] | None:
        """(attributes, size) of an NV index; None if there is no such index."""
        result, answer = self.answer(CC_NV_READ_PUBLIC, [index], b"")
        if result == RC_NO_INDEX:
            return None
        if result != RC_SUCCESS:
            raise self.error(CC_NV_READ_PUBLIC, result)
        public = Reader(answer.sized(), "NV public area")
        public.take(4 + 2)  # index, name algorithm
        attributes = public.number(4)
        public.sized()
        return attributes, public.number(2)

    def nv_read(self, index: int, size: int) -> bytes:
        """`size` bytes of an index that the owner may read."""
        data = b""
        while len(data) < size:
            parameters = u16(min(NV_CHUNK, size - len(data))) + u16(len(data))
            answer = self.run(CC_NV_READ, [RH_OWNER, index], parameters, authorizations=1)
            answer.take(4)
            part = answer.sized()
            if not part:
                raise self.refused(f"NV index {index:#x} ends early")
            data += part
        return data

    def nv_define(self, index: int, attributes: int, size: int) -> None:
        """Makes an index."""
        public = u32(index) + u16(ALG_SHA256) + u32(attributes) + sized(b"") + u16(size)
        self.run(CC_NV_DEFINE, [RH_OWNER], sized(b"") + sized(public), authorizations=1)

    def nv_undefine(self, index: int) -> None:
        """Removes an index."""
        self.run(CC_NV_UNDEFINE, [RH_OWNER, index], b"", authorizations=1)

    def nv_write(self, index: int, data: bytes) -> None:
        """Writes an index from its beginning."""
        for offset in range(0, len(data), NV_CHUNK):
            part = data[offset : offset + NV_CHUNK]
            self.run(CC_NV_WRITE, [RH_OWNER, index], sized(part) + u16(offset), authorizations=1)

    def nv_increment(self, index: int) -> None:
        """Adds one to a counter."""
        self.run(CC_NV_INCREMENT, [RH_OWNER, index], b"", authorizations=1)

    def nv_certify(self, key: AttestationKey, index: int, size: int, extra_data: bytes) -> tuple[bytes, bytes]:
        """TPMS_ATTEST of an index's content, and its signature."""
        parameters = sized(extra_data) + u16(ALG_NULL) + u16(size) + u16(0)
        handles = [key.handle, RH_OWNER, index]
        return self._attestation(self.run(CC_NV_CERTIFY, handles, parameters, authorizations=2))

    def _attestation(self, answer: Reader) -> tuple[bytes, bytes]:
        parameters = Reader(answer.take(answer.number(4)), "TPM answer")
        return parameters.sized(), parameters.rest()

    def run(self, code: int, handles: Sequence[int], parameters: bytes, *, authorizations: int = 0) -> Reader:
        """The answer after its head; with authorizations it begins with a handle, if one is made, and a size.

        Args:
            authorizations: how many empty passwords the command takes.
        """
        result, answer = self.answer(code, handles, parameters, EMPTY_PASSWORD * authorizations)
        if result != RC_SUCCESS:
            raise self.error(code, result)
        return answer

    def answer(self, code: int, handles: Sequence[int], parameters: bytes, area: bytes = b"") -> tuple[int, Reader]:
        """The result of a command, and the answer after its head.

        Args:
            area: authorizations.
        """
        body = b"".join(map(u32, handles)) + (u32(len(area)) + area if area else b"") + parameters
        tag = ST_SESSIONS if area else ST_NO_SESSIONS
        command = u16(tag) + u32(10 + len(body)) + u32(code) + body
        for attempt in range(ATTEMPTS):
            answer = Reader(self._transport.send(command), "TPM answer")
            answer.take(2 + 4)
            result = answer.number(4)
            if result not in RC_AGAIN:
                break
            time.sleep(0.01 * 2**attempt)
        return result, answer

    def error(self, code: int, result: int) -> DeviceRefused:
        """What to raise for a result that is no success."""
        return self.refused(f"command {code:#x} gives the error {result:#x}; tpm2_rc_decode tells what it means")

    def refused(self, reason: str) -> DeviceRefused:
        """What to raise for an answer that is of no use."""
        name = self._transport.name
        return DeviceRefused(f"The TPM at {name}: {reason}.", device=name, reason=reason)
