"""The enclave's side: a challenge, and a key for an attestation. Nothing but the standard library, in little code.

What comes back is not trusted: a key opens only in the context that the client itself names, and is checked against the
sealed model's commitment to it.
"""

from __future__ import annotations

import http.client
import ssl
from typing import Any

from zkseal.broker.denials import DenialCode, deny
from zkseal.broker.released import DevReleasedKey, ReleasedKey
from zkseal.broker.wire import CBOR, CHALLENGE_REQUEST, Challenge, ReleaseRequest
from zkseal.endpoint import Endpoint
from zkseal.errors import FileUnavailable, InvalidEncoding
from zkseal.json_text import parse_json, printable
from zkseal.tee import AttestationBundle

__all__ = ["BrokerClient"]

MAX_ANSWER_BYTES = 1 << 16


class BrokerClient:
    """One broker, asked over HTTP. One connection for each request; redirects are not followed."""

    def __init__(self, url: str, *, timeout_s: float = 30.0, tls: ssl.SSLContext | None = None) -> None:
        """A client.

        Args:
            url: `http://host:port` or `https://host:port`, with or without a path in front of `/v1`.
            tls: by default the system's authorities are trusted.

        Raises:
            WrongInput: no such URL.
        """
        self._endpoint = Endpoint(url, "a broker", timeout_s=timeout_s, tls=tls)
        self.url = self._endpoint.url

    def challenge(self) -> bytes:
        """A nonce for the runtime data, 32 bytes.

        Raises:
            KeyDenied: `rate_limited`.
            FileUnavailable: the broker cannot be reached, or cannot decide now.
        """
        return Challenge.from_cbor(self._post("/v1/challenge", CHALLENGE_REQUEST)).nonce

    def release(self, bundle: AttestationBundle, header: bytes, stanzas: bytes) -> ReleasedKey:
        """The key of a production model.

        Args:
            header, stanzas: of the sealed model, as they stand in its file.

        Raises:
            KeyDenied: the broker's denial, with its code in the field `denial`.
            FileUnavailable: the broker cannot be reached, or cannot decide now.
            DecodeError: it answers with something else.
        """
        return ReleasedKey.from_cbor(self._post("/v1/release", ReleaseRequest(bundle, header, stanzas).to_cbor()))

    def release_development(self, bundle: AttestationBundle, header: bytes, stanzas: bytes) -> DevReleasedKey:
        """The key of a model that was sealed for development. As `release`."""
        body = ReleaseRequest(bundle, header, stanzas).to_cbor()
        return DevReleasedKey.from_cbor(self._post("/v1/release-development", body))

    def _post(self, path: str, body: bytes) -> bytes:
        connection = self._endpoint.connection()
        try:
            connection.request("POST", self._endpoint.path + path, body, {"Content-Type": CBOR, "Accept": CBOR})
            answer = connection.getresponse()
            data = answer.read(MAX_ANSWER_BYTES + 1)
            status = answer.status
        except (OSError, http.client.HTTPException) as error:
            reason = printable(str(error)) or type(error).__name__
            text = f"The broker at {self.url} does not answer: {reason}."
            raise FileUnavailable(text, path=self.url, reason=reason) from error
        finally:
            connection.close()
        if status == 200:
            return data
        raise self._problem(status, data)

    def _problem(self, status: int, data: bytes) -> Exception:
        """The error of a problem document."""
        try:
            problem: Any = parse_json(data)
        except ValueError:
            problem = None
        found = problem if isinstance(problem, dict) else {}
        if found.get("denial") in list(DenialCode):
            fields = {
                name: printable(str(found[name])) for name in ("check", "submodule") if found.get(name) is not None
            }
            assurance = found.get("assurance")
            detail = printable(str(found.get("detail", ""))[:300])
            text = f"The broker at {self.url} releases no key ({found['denial']}): {detail}"
            shown = printable(assurance) if isinstance(assurance, str) else None
            return deny(DenialCode(found["denial"]), text, assurance=shown, **fields)
        if status in (500, 502, 503, 504):
            reason = f"status {status}"
            text = f"The broker at {self.url} cannot decide now ({reason}). Ask again later."
            return FileUnavailable(text, path=self.url, reason=reason)
        text = f"The broker at {self.url} answers with status {status} and no document of a broker."
        return InvalidEncoding(text, reason=f"status {status}")
