"""One GET over HTTPS, for small files of hosts that are known beforehand.

Bounded: hosts are those of a list, a redirect is refused wherever it leads, bytes are counted while they arrive, and
every wait for bytes ends at the deadline of the request. What may pass (no answer, 429, 5xx) is tried again, each time
after twice as long, or when the service says. Proxies are those of the environment (`https_proxy`, `no_proxy`).
"""

from __future__ import annotations

import base64
import http.client
import random
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from zkseal._version import __version__
from zkseal.collateral.services import origin_of
from zkseal.errors import CollateralTooLarge, VendorRefused, VendorUnreachable, WrongInput

__all__ = ["Downloader", "Response"]

# Not this time, perhaps the next (RFC 9110, 15.5.9, 15.6; RFC 6585, 4).
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
_MAX_PAUSE_S = 30.0
_FIRST_PAUSE_S = 0.5
_READ_BYTES = 1 << 16
_SPREAD = random.SystemRandom()


@dataclass(frozen=True)
class Response:
    """What came with status 200.

    Attributes:
        headers: by name in lower case; of a name that stands twice, the last.
    """

    url: str
    body: bytes
    headers: Mapping[str, str]


class _BoundedSocket(ssl.SSLSocket):
    """A TLS connection on which no wait for bytes lasts beyond a moment, however slowly they drip."""

    ends_at: float | None = None

    def recv_into(self, *arguments: Any, **named: Any) -> int:
        """As of a socket; raises `TimeoutError` when the moment has come."""
        if self.ends_at is not None:
            left = self.ends_at - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer takes too long")
            self.settimeout(left)
        return super().recv_into(*arguments, **named)


class Downloader:
    """Gets files.

    Args:
        origins: the only origins that are asked (`Services.origins`).
        authorities: PEM file of the authorities that vouch for the services; the system's by default.
        attempts: how often a request is sent at most.
        timeout_s: for a connection, and for a whole answer.
        pause: how to wait between attempts.

    Raises:
        WrongInput: the file holds no authorities.
    """

    def __init__(
        self,
        origins: Collection[str],
        *,
        authorities: str | None = None,
        attempts: int = 4,
        timeout_s: float = 30,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._origins = frozenset(origins)
        try:
            self._tls = ssl.create_default_context(cafile=authorities)
        except (OSError, ssl.SSLError) as error:
            expected = "a PEM file of certificates"
            text = f"{authorities} holds no authorities that TLS can trust; give {expected}."
            raise WrongInput(text, name="ca-file", expected=expected, got=str(authorities)) from error
        self._tls.sslsocket_class = _BoundedSocket
        self._attempts, self._timeout_s, self._pause = attempts, timeout_s, pause

    def get(self, url: str, max_bytes: int) -> Response:
        """The file at `url`.

        Raises:
            VendorUnreachable: no attempt got an answer, or the host is not who it should be.
            VendorRefused: another host than those of the list, another status than 200, a redirect.
            CollateralTooLarge: more than `max_bytes`.
        """
        if origin_of(url) not in self._origins:
            raise VendorRefused(f"{url} is on none of the hosts of the services.", url=url, status=None, reason="host")
        for attempt in range(1, self._attempts + 1):
            try:
                status, headers, body = self._request(url, max_bytes)
            except ssl.SSLCertVerificationError as error:
                raise _unreachable(url, f"its certificate is not trusted: {error.verify_message}") from error
            except (OSError, http.client.HTTPException) as error:
                if attempt == self._attempts:
                    raise _unreachable(url, str(error) or type(error).__name__) from error
                self._pause(_pause_s(attempt, None))
                continue
            if status == 200:
                return Response(url, body, headers)
            if status not in _PASSING or attempt == self._attempts:
                raise _refused(url, status, headers)
            self._pause(_pause_s(attempt, headers.get("retry-after")))
        raise AssertionError("the last attempt returns or raises")

    def _request(self, url: str, max_bytes: int) -> tuple[int, dict[str, str], bytes]:
        parts = urllib.parse.urlsplit(url)
        connection = self._connection(parts.hostname or "", parts.port or 443)
        try:
            connection.connect()
            if isinstance(connection.sock, _BoundedSocket):
                connection.sock.ends_at = time.monotonic() + self._timeout_s
            target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
            headers = {"User-Agent": f"zkseal/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            if response.status != 200:
                return response.status, found, b""
            return 200, found, _body(response, url, max_bytes)
        finally:
            connection.close()

    def _connection(self, host: str, port: int) -> http.client.HTTPSConnection:
        """To the host, or to the environment's proxy, which is asked for a tunnel: TLS is with the host either way."""
        proxy = urllib.request.getproxies().get("https")
        if not proxy or urllib.request.proxy_bypass(f"{host}:{port}"):
            return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=self._tls)
        parts = urllib.parse.urlsplit(proxy if "//" in proxy else f"//{proxy}")
        if not parts.hostname or parts.scheme not in ("", "http"):
            text = "The proxy of the environment is no http://host:port. Correct https_proxy."
            raise WrongInput(text, name="https_proxy", expected="http://host:port", got=parts.scheme)
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port or 80, timeout=self._timeout_s, context=self._tls
        )
        headers = {}
        if parts.username is not None:
            given = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            headers["Proxy-Authorization"] = "Basic " + base64.b64encode(given.encode()).decode()
        connection.set_tunnel(host, port, headers)
        return connection


def _body(response: http.client.HTTPResponse, url: str, max_bytes: int) -> bytes:
    """The whole body: a connection that ends before it does is an error, not a short body."""
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise http.client.HTTPException("the answer is compressed, which was not asked for")
    body = bytearray()
    while part := response.read(min(_READ_BYTES, max_bytes + 1 - len(body))):
        body += part
        if len(body) > max_bytes:
            raise CollateralTooLarge(
                f"{url} sends more than {max_bytes} bytes. Nothing of it is kept.", url=url, limit=max_bytes
            )
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return bytes(body)


def _pause_s(attempt: int, asked: str | None) -> float:
    """How long to wait after an attempt: what the service asks for, or twice as long each time, and never the same."""
    if asked is not None and asked.isdecimal():
        return min(float(asked), _MAX_PAUSE_S)
    longest: float = min(_FIRST_PAUSE_S * 2 ** (attempt - 1), _MAX_PAUSE_S)
    return longest * _SPREAD.uniform(0.5, 1)


def _unreachable(url: str, reason: str) -> VendorUnreachable:
    text = f"{url} cannot be reached: {reason}. Check network, proxy (https_proxy) and --ca-file, or name a mirror."
    return VendorUnreachable(text, url=url, reason=reason)


def _refused(url: str, status: int, headers: Mapping[str, str]) -> VendorRefused:
    reason = http.client.responses.get(status, "no known status")
    if status in _REDIRECTS:
        host = urllib.parse.urlsplit(headers.get("location", "")).hostname
        reason = f"it sends to {host or 'another path'}, and redirects are not followed"
    text = f"{url} answers {status}: {reason}. Check the base URL of the service, or try again later."
    return VendorRefused(text, url=url, status=status, reason=reason)
