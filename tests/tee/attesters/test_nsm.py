"""Nitro: the other end of a socket is the module, and reads with another CBOR library. No enclave was at hand."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import cbor2
import pytest
from tests.tee.rows import FIXTURES, ROWS, time_of

from zkseal.errors import DeviceRefused, FileUnavailable
from zkseal.tee import Platform, RuntimeData, appraise_evidence, load_policy
from zkseal.tee.attesters import Attester, NsmAttester
from zkseal.tee.attesters.nsm import MAX_RESPONSE_BYTES, NSM_IOCTL, ioctl_transport

ROW = next(row for row in ROWS if row["vendor"] == "aws-nitro" and row["result"] == "valid")
DOCUMENT = (FIXTURES / ROW["evidence"]).read_bytes()


class Module:
    """A double of the device: takes one request from a socket and answers it."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.request: Any = None

    def carry(self, request: bytes) -> bytes:
        """As the driver: a request in, an answer out."""
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with here, there:
            server = threading.Thread(target=self._serve, args=(there,))
            server.start()
            here.sendall(request)
            answer = here.recv(MAX_RESPONSE_BYTES)
            server.join(10)
        return answer

    def _serve(self, there: socket.socket) -> None:
        self.request = cbor2.loads(there.recv(0x1000))
        there.sendall(self.answer)


@pytest.mark.native
def test_the_request_is_what_the_module_reads_and_its_document_is_the_evidence(runtime_data: RuntimeData) -> None:
    module = Module(cbor2.dumps({"Attestation": {"document": DOCUMENT}}))
    attester: Attester = NsmAttester(module.carry)
    evidence = attester.attest(runtime_data)
    bound = runtime_data.report_data()
    assert module.request == {"Attestation": {"user_data": bound, "nonce": bound, "public_key": None}}
    # A recorded document: of another enclave, so bound to something else.
    result = appraise_evidence(evidence, load_policy("evidence-only"), now=time_of(ROW))
    assert result.platform is Platform.NITRO is attester.platform


@pytest.mark.parametrize(
    "answer",
    [
        cbor2.dumps({"Error": "InvalidArgument"}),
        cbor2.dumps({"DescribeNSM": {}}),
        cbor2.dumps({"Attestation": {"document": "text"}}),
        cbor2.dumps("LockPCR"),
        b"\xff",
        cbor2.dumps({"Attestation": {"document": DOCUMENT}})[:-1],
        cbor2.dumps({"Attestation": {"document": DOCUMENT}}) + b"\0",
    ],
)
def test_any_other_answer_is_refused(answer: bytes, runtime_data: RuntimeData) -> None:
    with pytest.raises(DeviceRefused):
        NsmAttester(Module(answer).carry).attest(runtime_data)


def test_the_number_of_the_ioctl_is_that_of_the_driver() -> None:
    """NSM_IOCTL_RAW of Linux's include/uapi/linux/nsm.h on 64-bit machines."""
    assert NSM_IOCTL == 0xC0200A00


def test_a_device_that_is_not_there_or_is_another_says_so(runtime_data: RuntimeData) -> None:
    with pytest.raises(FileUnavailable):
        NsmAttester(Path("/dev/nowhere")).attest(runtime_data)
    with pytest.raises(DeviceRefused):
        ioctl_transport(Path("/dev/null"))(b"")
