"""The client's HTTP: bytes there and bytes back, of bounded size. What is in them, nobody here knows."""

from __future__ import annotations

import http.client
from typing import Any

from zkseal.enclave.messages import MAX_RESPONSE_BYTES
from zkseal.endpoint import Endpoint
from zkseal.errors import DecodeError, EnclaveUnreachable
from zkseal.json_text import parse_json, printable
from zkseal.plain_errors import decode_error
from zkseal.tee.bundle import MAX_BUNDLE_BYTES

__all__ = ["Transport"]

MAX_PROBLEM_BYTES = 1 << 16


class Transport:
    """One host. Redirects are not followed.

    Args:
        url: `http://host:port` or `https://host:port`, with or without a path in front of `/v1`.

    Raises:
        WrongInput: no such URL.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._endpoint = Endpoint(url, "an enclave", timeout_s=timeout_s)
        self.url = self._endpoint.url

    def attestation(self, nonce: bytes) -> bytes:
        """A bundle that answers this nonce. Raises `EnclaveUnreachable`, and errors of the host."""
        return self._send("GET", f"/v1/attestation?nonce={nonce.hex()}", None, MAX_BUNDLE_BYTES)

    def infer(self, envelope: bytes) -> bytes:
        """An encrypted response. Raises `EnclaveUnreachable`, and errors of the host."""
        return self._send("POST", "/v1/infer", envelope, MAX_RESPONSE_BYTES)

    def _send(self, method: str, path: str, body: bytes | None, most: int) -> bytes:
        connection = self._endpoint.connection()
        try:
            connection.request(method, self._endpoint.path + path, body, {"Content-Type": "application/octet-stream"})
            answer = connection.getresponse()
            data, status = answer.read(most + 1), answer.status
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(printable(str(error)) or type(error).__name__) from error
        finally:
            connection.close()
        if status == 200 and len(data) <= most:
            return data
        if status == 200:
            raise self._unreachable(f"it answers with more than {most} bytes")
        raise self._problem(status, data)

    def _problem(self, status: int, data: bytes) -> Exception:
        """The error of a problem document, which the host says, not the enclave: believed as far as any refusal is.

        Of its fields only the time to wait is kept: others name checks and results, which nobody here has seen.
        """
        try:
            found = parse_json(data[:MAX_PROBLEM_BYTES])
            if isinstance(found, dict) and "code" in found:
                return decode_error({"code": found["code"], "message": found["detail"], "fields": _wait_of(found)})
        except (ValueError, KeyError, DecodeError):
            pass
        return self._unreachable(f"status {status}, and no document of an enclave's host")

    def _unreachable(self, reason: str) -> EnclaveUnreachable:
        text = f"The enclave at {self.url} does not answer: {reason}. Check the URL, or ask later."
        return EnclaveUnreachable(text, url=self.url, reason=reason)


def _wait_of(problem: dict[str, Any]) -> dict[str, Any]:
    fields = problem.get("fields")
    wait_ms = fields.get("retry_after_ms") if isinstance(fields, dict) else None
    return {"retry_after_ms": wait_ms} if type(wait_ms) is int else {}
