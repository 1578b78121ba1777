"""AWS Nitro enclaves: attestation documents by the driver /dev/nsm.

A request is CBOR in a buffer, and so is the answer; one ioctl carries the addresses of both. The driver cuts the
answer's length to what was written.

Source: aws/aws-nitro-enclaves-nsm-api, src/driver/mod.rs and src/api/mod.rs; Linux, include/uapi/linux/nsm.h.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeAlias

from zkseal.errors import DecodeError, DeviceRefused, FileUnavailable
from zkseal.receipts import cbor
from zkseal.tee.evidence import Evidence
from zkseal.tee.result import Assurance, Platform
from zkseal.tee.runtime_data import RuntimeData

__all__ = ["NsmAttester", "Transport", "ioctl_transport"]

DEVICE = Path("/dev/nsm")
MAX_REQUEST_BYTES = 0x1000
MAX_RESPONSE_BYTES = 0x3000

Transport: TypeAlias = Callable[[bytes], bytes]
"""Carries one request to the module and brings its answer."""


class _Message(ctypes.Structure):
    """struct nsm_raw: two iovecs, request and response."""

    _fields_: ClassVar = [
        ("request", ctypes.c_void_p),
        ("request_size", ctypes.c_size_t),
        ("response", ctypes.c_void_p),
        ("response_size", ctypes.c_size_t),
    ]


# _IOWR(0x0A, 0, struct nsm_raw): direction, size, type, number.
NSM_IOCTL = (3 << 30) | (ctypes.sizeof(_Message) << 16) | (0x0A << 8)


def ioctl_transport(device: Path = DEVICE) -> Transport:
    """The driver of a Nitro enclave."""

    def carry(request: bytes) -> bytes:
        sent = ctypes.create_string_buffer(request, len(request))
        answer = ctypes.create_string_buffer(MAX_RESPONSE_BYTES)
        message = _Message(ctypes.addressof(sent), len(request), ctypes.addressof(answer), MAX_RESPONSE_BYTES)
        try:
            descriptor = os.open(device, os.O_RDWR)
        except OSError as error:
            text = f"{device} cannot be opened: {error.strerror}. It is there in Nitro enclaves only."
            raise FileUnavailable(text, path=str(device), reason=str(error.strerror)) from error
        try:
            fcntl.ioctl(descriptor, NSM_IOCTL, message)
        except OSError as error:
            reason = str(error.strerror)
            raise DeviceRefused(f"{device} refused a request: {reason}.", device=str(device), reason=reason) from error
        finally:
            os.close(descriptor)
        return answer.raw[: min(message.response_size, MAX_RESPONSE_BYTES)]

    return carry


class NsmAttester:
    """Nitro.

    Args:
        device: the driver's file, or what carries requests instead.
    """

    assurance_ceiling: ClassVar[Assurance] = Assurance.HARDWARE
    status: ClassVar[str] = "not run on hardware"

    def __init__(self, device: Path | Transport = DEVICE) -> None:
        self._carry = ioctl_transport(device) if isinstance(device, Path) else device
        self._name = str(device) if isinstance(device, Path) else "the module"

    @property
    def platform(self) -> Platform:
        """Nitro."""
        return Platform.NITRO

    def attest(self, runtime_data: RuntimeData) -> Evidence:
        """A document whose user data and nonce are `report_data`."""
        return self.evidence_over(runtime_data.binding(Platform.NITRO))

    def evidence_over(self, bound: bytes) -> Evidence:
        """A document whose user data and nonce are other bytes.

        Raises:
            FileUnavailable: no such device.
            DeviceRefused: the module answers with an error, or with something else.
        """
        request = cbor.dumps({"Attestation": {"user_data": bound, "nonce": bound, "public_key": None}})
        if len(request) > MAX_REQUEST_BYTES:
            raise self._refused("the request is too long for it")
        return Evidence(Platform.NITRO, self._document(self._carry(request)))

    def _document(self, response: bytes) -> bytes:
        try:
            value = cbor.loads(response, max_bytes=MAX_RESPONSE_BYTES)
        except DecodeError as error:
            raise self._refused("its answer is no CBOR of one value") from error
        match value:
            case {"Attestation": {"document": bytes(document)}}:
                return document
            case {"Error": str(code)}:
                raise self._refused(f"it answers {code}")
        raise self._refused("its answer is no attestation")

    def _refused(self, reason: str) -> DeviceRefused:
        return DeviceRefused(f"{self._name}: {reason}.", device=self._name, reason=reason)
