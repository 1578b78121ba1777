"""Running a service: one process, stopped in good order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from zkseal.errors import FileUnavailable
from zkseal.http_server.problems import PROBLEM, problem
from zkseal.http_server.rates import network_of

__all__ = ["Server"]

GRACE_S = 10
MAX_CONNECTIONS = 1024
PATIENCE_S = 10.0
"""A connection on which no request begins in this time is closed; at the latest after twice the time."""
BACKLOG = 512


class _Unsignalled(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Impatient(H11Protocol):
    """Closes connections that only take a place: uvicorn itself waits for ever for the first head."""

    patience_s = PATIENCE_S
    of_one_client: int | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # uvicorn's own answer to one connection too many is no problem document.
        self._most, self.limit_concurrency = self.limit_concurrency, None
        self._inner, self.app = self.app, self._bounded

    async def _bounded(self, scope: Any, receive: Any, send: Any) -> None:
        """The application, while there are few enough connections."""
        if self._most is None or len(self.connections) <= self._most:
            await self._inner(scope, receive, send)
            return
        body = json.dumps(problem(503, "The request is not served", "There are too many connections. Ask again later."))
        kind, length = (b"content-type", PROBLEM.encode()), (b"content-length", str(len(body)).encode())
        headers = [kind, length, (b"retry-after", b"1"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio does it only for sockets that were made with the protocol's number: an answer of two packets would
        # wait 40 ms for the client to acknowledge the first.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._seen: object = None
        self._look_again()
        self.network = network_of(str((transport.get_extra_info("peername") or ("local",))[0]))
        if self.of_one_client is not None:
            others = sum(getattr(other, "network", None) == self.network for other in self.connections)
            if others > self.of_one_client:
                transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def _look_again(self) -> None:
        self._timer = self.loop.call_later(self.patience_s, self._look)

    def _look(self) -> None:
        cycle: Any = self.cycle
        idle = cycle is None or cycle.response_complete
        if idle and cycle is self._seen:
            self.transport.close()
            return
        self._seen = cycle
        self._look_again()

    def send_400_response(self, msg: str) -> None:
        """A problem document for bytes that are no request; nothing of them is repeated.

        After a response has begun there is no place for another one, and the connection ends.
        """
        body = json.dumps(problem(400, "The request is not served", "These bytes are no HTTP request.")).encode()
        headers = [("Content-Type", PROBLEM), ("Content-Length", str(len(body))), ("Connection", "close")]
        response = h11.Response(status_code=400, headers=headers, reason="Bad Request")
        with contextlib.suppress(h11.LocalProtocolError):
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Server:
    """A service at an address. It listens from the beginning, so that the port is known before it runs.

    Args:
        lifespan: the application is told when it starts and when it ends.
        grace_s: seconds for requests that have begun, after `stop`.
        max_connections: beyond, a request is answered with a problem of status 503.
        of_one_client: connections of one address (or IPv6 network); beyond, they are closed. None: no bound, for a
            server behind a proxy, all of whose connections are the proxy's.
    """

    def __init__(
        self,
        application: Any,
        host: str,
        port: int,
        *,
        lifespan: bool = False,
        grace_s: int = GRACE_S,
        max_connections: int = MAX_CONNECTIONS,
        of_one_client: int | None = None,
    ) -> None:
        """Raises: FileUnavailable: the address cannot be listened at."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            reason = error.strerror or str(error)
            text = f"Cannot listen at {host} port {port}: {reason}. Choose another --host or --port."
            raise FileUnavailable(text, path=f"{host}:{port}", reason=reason) from error
        self.port = int(self._socket.getsockname()[1])

        class Bounded(_Impatient):
            """For this server."""

        Bounded.of_one_client = of_one_client
        self._server = _Unsignalled(
            uvicorn.Config(
                application,
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="on" if lifespan else "off",
                http=Bounded,
                ws="none",
                limit_concurrency=max_connections,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=grace_s,
            )
        )

    def run(self) -> None:
        """Serves until `stop`; requests that have begun are answered, for `grace_s` seconds at most."""
        self._server.run(sockets=[self._socket])
        self._socket.close()

    def stop(self) -> None:
        """Asks it to end; from any thread or signal handler. Asked again, it ends at once."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True

    @contextlib.contextmanager
    def in_background(self) -> Iterator[str]:
        """Runs it in a thread while the block runs; gives its URL."""
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            self.stop()
            thread.join()
