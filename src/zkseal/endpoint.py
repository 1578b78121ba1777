"""Where a server is: a URL, read strictly, and connections to it. No proxy, no redirect, no cookie."""

from __future__ import annotations

import http.client
import ssl
import urllib.parse

from zkseal.errors import WrongInput

__all__ = ["Endpoint"]


class Endpoint:
    """One server.

    Args:
        url: `http://host:port` or `https://host:port`, with or without a path.
        of: whose URL it is, for messages: `a broker`.
        tls: by default the system's authorities are trusted.

    Attributes:
        url: scheme, host and port.
        path: what stands in front of every path that is asked for.

    Raises:
        WrongInput: no such URL.
    """

    def __init__(self, url: str, of: str, *, timeout_s: float, tls: ssl.SSLContext | None = None) -> None:
        parts = urllib.parse.urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.query or parts.fragment:
            raise WrongInput(f"{url!r} is no URL of {of}.", name="url", expected="http://host:port", got=url)
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, port
        self._timeout_s, self._tls = timeout_s, tls
        self.path = parts.path.rstrip("/")
        self.url = f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")

    def connection(self) -> http.client.HTTPConnection:
        """A new connection, not yet open."""
        if self._secure:
            tls = self._tls or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout_s, context=tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
