"""Requests that are tried again while that makes sense, and problem documents as errors of this package."""

from __future__ import annotations

import contextlib
import ipaddress
import random
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import httpx

from zkseal.errors import InternalError, InvalidEncoding, ServiceError, StorageUnavailable, WrongInput, ZksealError
from zkseal.http_server.problems import PROBLEM
from zkseal.json_text import parse_json, printable
from zkseal.plain_errors import decode_error

__all__ = ["Transport"]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
_OF_THE_MESSAGE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_PASSING = frozenset({429, 502, 503, 504})
MAX_ANSWER_BYTES, MAX_DOCUMENT_BYTES = 1 << 30, 1 << 26
"""Of keys and openings, and of documents: a service that sends without end ends no client."""
_MAX_PROBLEM_BYTES = MAX_LINE_BYTES = 1 << 20


class Transport:
    """Requests to one service.

    Args:
        url: `https://host`, with or without port and path; `http://` for loopback addresses.
        api_key: `zks_..`; None for what is public.
        timeout_s: for the parts of one exchange: connecting, sending, waiting for an answer to begin.
        retry_for_s: how long a request is tried again after 429, 502, 503, 504 and lost connections.
        insecure_http: send the key and inputs in the clear to another machine.

    Raises:
        WrongInput: no such URL, or one in the clear.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None,
        *,
        timeout_s: float,
        retry_for_s: float,
        tls: ssl.SSLContext | None,
        insecure_http: bool,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        _require_url(url, insecure_http)
        self._retry_for_s, self._pause, self._timeout_s = retry_for_s, pause, timeout_s
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            # Packed answers may be a thousand times as long as what is sent.
            headers={"Accept-Encoding": "identity"}
            | ({} if api_key is None else {"Authorization": f"Bearer {api_key}"}),
            timeout=httpx.Timeout(timeout_s),
            verify=True if tls is None else tls,
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Closes connections."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        wait_s: float = 0.0,
        most: int = MAX_ANSWER_BYTES,
    ) -> httpx.Response:
        """The answer. Every request of the service may be sent again: those that make jobs carry an idempotency key.

        Args:
            wait_s: how much longer than usual the answer may take to begin.
            most: bytes of the answer that are read.

        Raises:
            ZksealError: what the problem document says; `status` and `request_id` are among its fields.
            StorageUnavailable: nobody answers, for as long as it was tried.
            InvalidEncoding: the answer is longer than `most`.
        """
        options = {"content": content, "json": json, "headers": dict(headers or {}), "params": params}
        timeout = httpx.Timeout(self._timeout_s, read=self._timeout_s + wait_s)
        until, pause_s = time.monotonic() + self._retry_for_s, FIRST_PAUSE_S
        while True:
            try:
                with self._http.stream(method, path, timeout=timeout, **options) as stream:
                    response = whole(stream, most)
            except httpx.TransportError as error:
                met: ZksealError = unreachable(error)
                asked_s = None
            else:
                if response.is_success:
                    return response
                met = error_of(response)
                if response.status_code not in _PASSING:
                    raise met
                asked_s = _retry_after_s(response)
            wait = max(asked_s or 0.0, pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries
            if time.monotonic() + wait > until:
                raise met
            self._pause(wait)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def document(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """The JSON object of an answer. Raises as `request`, and `InvalidEncoding`: it is none."""
        try:
            found = parse_json(self.request(method, path, most=MAX_DOCUMENT_BYTES, **options).content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            text = "The service answers with something else than a JSON object. Check its URL: something else is there."
            raise InvalidEncoding(text, reason="answer")
        return found

    @contextlib.contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[Iterator[str]]:
        """The lines of an answer as they come. Raises as `request`, without trying again."""
        timeout = httpx.Timeout(self._timeout_s, read=60.0)
        try:
            with self._http.stream("GET", path, headers=dict(headers), timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response)
                yield lines_of(response.iter_bytes())
        except httpx.TransportError as error:
            raise unreachable(error) from error


def whole(stream: httpx.Response, most: int) -> httpx.Response:
    """An answer that was read to its end. Raises `InvalidEncoding` beyond `most` bytes."""
    content = bytearray()
    for piece in stream.iter_bytes():
        content += piece
        if len(content) > most:
            raise InvalidEncoding("An answer of the service is too long. Do not use it.", reason="length")
    kept = [(name, value) for name, value in stream.headers.items() if name not in _OF_THE_MESSAGE]
    return httpx.Response(stream.status_code, headers=kept, content=bytes(content))


def lines_of(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines of UTF-8 text, whose ends are `\\n`. Raises `InvalidEncoding` for one that does not end."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").removesuffix("\r")
        if len(rest) > MAX_LINE_BYTES:
            raise InvalidEncoding("An event of the service is too long.", reason="event")


def unreachable(error: httpx.TransportError) -> StorageUnavailable:
    """Nobody answers, or not to the end."""
    kind = type(error).__name__
    return StorageUnavailable(
        f"The service does not answer ({kind}). Check its URL and whether it runs; what was asked may be asked again.",
        store="service",
        reason=kind,
    )


def error_of(response: httpx.Response) -> ZksealError:
    """The error that a problem document describes."""
    status, document = response.status_code, None
    if response.headers.get("content-type", "").startswith(PROBLEM) and len(response.content) <= _MAX_PROBLEM_BYTES:
        with contextlib.suppress(ValueError):
            document = parse_json(response.content)
    match document:
        case {"code": str(code), "detail": str(detail), "fields": dict(fields)}:
            error = decode_error({"code": code, "message": detail, "fields": fields})
        case {"detail": str(detail)}:
            error = ServiceError(printable(detail))
        case _:
            error = ServiceError(f"The service answers with status {status}, and without a problem document.")
    error.fields["status"] = status
    if isinstance(document, dict) and isinstance(document.get("request_id"), str):
        error.fields["request_id"] = printable(document["request_id"])
    if isinstance(error, InternalError):
        error.fields.setdefault("remote", True)
    return error


def _retry_after_s(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None


def _require_url(url: str, insecure_http: bool) -> None:
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        parts = httpx.URL()
    if parts.scheme not in ("http", "https") or not parts.host or parts.userinfo or parts.query or parts.fragment:
        raise WrongInput("This is no URL of a service. https://host is one.", name="url", expected="https://host")
    if parts.scheme == "http" and not insecure_http and not _loopback(parts.host):
        raise WrongInput(
            "http:// would send the API key and inputs in the clear. Use https://, or insecure_http=True where the "
            "network is yours.",
            name="url",
            expected="https://host",
        )


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
