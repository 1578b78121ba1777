"""A small secret that a TPM gives back only while its PCRs are what they were: the key of a development machine.

The secret travels to and from the TPM in the clear, over a socket of swtpm or over the bus of a TPM on the board.

Source: TPM 2.0 Library, part 1, 19.7.7 (PolicyPCR), part 3, 12.1, 12.2, 12.7, 23.7.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from zkseal.errors import InvalidEncoding, MeasurementMismatch, WrongLength
from zkseal.receipts import cbor
from zkseal.tee.attesters.tpm.attester import BOOT_PCRS
from zkseal.tee.attesters.tpm.client import (
    ECC_P256,
    RC_SUCCESS,
    RH_OWNER,
    TpmClient,
    pcr_numbers,
    selection,
    sized,
    u16,
    u32,
)
from zkseal.tee.event_log import NUM_PCRS
from zkseal.tee.tpm_structures import ALG_ECC, ALG_NULL, ALG_SHA256

__all__ = ["MAX_SECRET_BYTES", "TpmVault"]

MAX_SECRET_BYTES = 128
MAX_SEALED_BYTES = 4096
VERSION = 1

CC_CREATE, CC_LOAD, CC_UNSEAL, CC_START_SESSION, CC_POLICY_PCR = 0x153, 0x157, 0x15E, 0x176, 0x17F
RH_NULL = 0x40000007
# TPM_RC_POLICY_FAIL for the first session.
RC_POLICY_FAIL = 0x99D
ALG_KEYEDHASH, ALG_AES, ALG_CFB = 0x0008, 0x0006, 0x0043
SE_POLICY = 1
# fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, decrypt.
_STORAGE = 0x00030472
# fixedTPM, fixedParent, noDA: no password opens it, the policy alone.
_SEALED = 0x00000412

_PARENT = (
    u16(ALG_ECC) + u16(ALG_SHA256) + u32(_STORAGE) + sized(b"")
    + u16(ALG_AES) + u16(128) + u16(ALG_CFB) + u16(ALG_NULL) + u16(ECC_P256) + u16(ALG_NULL) + sized(b"") + sized(b"")
)  # fmt: skip


class TpmVault:
    """Seals to PCRs of the SHA-256 bank, as they are now.

    Args:
        tcti: where the TPM is.
        pcrs: which PCRs have to stay.

    Raises:
        WrongInput: PCRs that there are not, or none.
    """

    def __init__(self, tcti: str, *, pcrs: Sequence[int] = BOOT_PCRS) -> None:
        self._tcti, self._pcrs = tcti, pcr_numbers(pcrs)

    def seal(self, secret: bytes) -> bytes:
        """The sealed secret, which is of use to this TPM alone.

        Raises:
            WrongLength: no byte, or more than 128.
            FileUnavailable, DeviceRefused: as `TpmAttester`.
        """
        if not 0 < len(secret) <= MAX_SECRET_BYTES:
            text = f"A TPM seals 1 to {MAX_SECRET_BYTES} bytes, not {len(secret)}."
            raise WrongLength(text, expected=MAX_SECRET_BYTES, got=len(secret))
        with TpmClient.connect(self._tcti) as client, client.primary(RH_OWNER, _PARENT) as (parent, _):
            values = client.read_pcrs(self._pcrs)
            policy = _policy(self._pcrs, [values[pcr] for pcr in self._pcrs])
            public = u16(ALG_KEYEDHASH) + u16(ALG_SHA256) + u32(_SEALED) + sized(policy) + u16(ALG_NULL) + sized(b"")
            parameters = sized(sized(b"") + sized(secret)) + sized(public) + sized(b"") + u32(0)
            answer = client.run(CC_CREATE, [parent], parameters, authorizations=1)
            answer.number(4)
            private, public = answer.sized(), answer.sized()
        return cbor.dumps({"tpm_sealed": VERSION, "pcrs": list(self._pcrs), "private": private, "public": public})

    def unseal(self, sealed: bytes) -> bytes:
        """The secret. Which PCRs count, the sealed secret says, and the TPM holds it to them.

        Raises:
            DecodeError: not what `seal` makes.
            MeasurementMismatch: PCRs are not what they were: the machine was booted otherwise.
            DeviceRefused: it is of another TPM, for example.
        """
        pcrs, private, public = _decode(sealed)
        with TpmClient.connect(self._tcti) as client, client.primary(RH_OWNER, _PARENT) as (parent, _):
            loaded = client.run(CC_LOAD, [parent], sized(private) + sized(public), authorizations=1)
            with client.flushed(loaded.number(4)) as secret, client.flushed(_session(client)) as session:
                client.run(CC_POLICY_PCR, [session], sized(b"") + selection(pcrs))
                authorization = u32(session) + sized(b"") + b"\1" + sized(b"")
                result, answer = client.answer(CC_UNSEAL, [secret], b"", authorization)
                if result == RC_POLICY_FAIL:
                    text = "The TPM keeps the secret: its PCRs are not those that it was sealed to."
                    raise MeasurementMismatch(text, claim="tpm.pcrs", got="")
                if result != RC_SUCCESS:
                    raise client.error(CC_UNSEAL, result)
                answer.number(4)
                return answer.sized()


def _policy(pcrs: Sequence[int], values: Sequence[bytes]) -> bytes:
    """What a session's policy digest is after PolicyPCR."""
    now = hashlib.sha256(b"".join(values)).digest()
    return hashlib.sha256(bytes(32) + u32(CC_POLICY_PCR) + selection(pcrs) + now).digest()


def _session(client: TpmClient) -> int:
    """Handle of a new policy session."""
    nonce = sized(secrets.token_bytes(16))
    parameters = nonce + sized(b"") + bytes([SE_POLICY]) + u16(ALG_NULL) + u16(ALG_SHA256)
    return client.run(CC_START_SESSION, [RH_NULL, RH_NULL], parameters).number(4)


def _decode(sealed: bytes) -> tuple[list[int], bytes, bytes]:
    match cbor.loads(sealed, max_bytes=MAX_SEALED_BYTES):
        case {"tpm_sealed": 1, "pcrs": list(pcrs), "private": bytes(private), "public": bytes(public), **rest}:
            if not rest and pcrs and all(type(pcr) is int and 0 <= pcr < NUM_PCRS for pcr in pcrs):
                return pcrs, private, public
    raise InvalidEncoding("These bytes are no secret that a TPM sealed.", reason="sealed secret")
