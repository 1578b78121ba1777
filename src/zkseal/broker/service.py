"""The broker over HTTP: bodies of bounded size, one rate for each client, decisions in threads, problems as documents.

The routes are in `wire`. TLS is left to a proxy in front: keys travel sealed to an attested key, nonces are of no use
to others, and who can change an answer can only make it fail.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from zkseal.broker.broker import KeyBroker
from zkseal.broker.denials import DenialCode, attempted, denied_by, deny, plain
from zkseal.broker.limits import RateLimiter, RateLimits
from zkseal.broker.released import DevReleasedKey, ReleasedKey
from zkseal.broker.wire import (
    CBOR,
    MAX_CHALLENGE_BYTES,
    Challenge,
    ReleaseRequest,
    read_challenge_request,
)
from zkseal.errors import DecodeError, KeyDenied, ResourceLimit
from zkseal.http_server.bodies import Bodies
from zkseal.http_server.problems import PROBLEM, problem
from zkseal.http_server.rates import network_of
from zkseal.http_server.telling import Log

__all__ = ["application"]

JSON_LINES = "application/jsonl"
MAX_LOG_PAGE = 1000
SUPPRESSED_S = 60.0
"""Refusals by rate are entered into the audit log once in this time, with their number."""

_STATUS = {DenialCode.MALFORMED: 400, DenialCode.UNKNOWN_MODEL: 404, DenialCode.RATE_LIMITED: 429}
_DENIED = 403

# As SQLite has them: no spaces, underscores or digits of other scripts, which `int` takes.
_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_INTEGERS = range(-1, 1 << 63)

Endpoint = Callable[[Request, bytes], Awaitable[Response]]


@dataclass
class _Suppressed:
    """Refusals by rate that wait for their common entry."""

    count: int = 0
    entered_at: float = field(default=float("-inf"))


class _Service:
    """The routes, over one broker."""

    def __init__(self, broker: KeyBroker, log: Log, limits: RateLimits, clock: Callable[[], float]) -> None:
        self._broker, self._log, self._clock = broker, log, clock
        self._limits, self._limiter = limits, RateLimiter(limits, time.monotonic())
        self._bodies = Bodies(unfinished_at_once=limits.unfinished_at_once, timeout_s=limits.body_timeout_s)
        self._decoding = asyncio.Semaphore(limits.decodes_at_once)
        self._suppressed = _Suppressed()

    @property
    def _now(self) -> int:
        return int(self._clock())

    async def challenge(self, request: Request, body: bytes) -> Response:
        """A nonce."""
        read_challenge_request(body)
        try:
            nonce = await run_in_threadpool(self._broker.challenge, now=self._now)
        except KeyDenied as denial:
            await self._note_suppressed(denial)
            raise
        return Response(Challenge(nonce, self._broker.options.nonce_lifetime_s).to_cbor(), media_type=CBOR)

    async def release(self, request: Request, body: bytes) -> Response:
        """A production key."""
        return await self._released(request, body, self._broker.release)

    async def release_development(self, request: Request, body: bytes) -> Response:
        """A development key."""
        return await self._released(request, body, self._broker.release_development)

    async def _released(
        self, request: Request, body: bytes, decide: Callable[..., ReleasedKey | DevReleasedKey]
    ) -> Response:
        async with self._decoding:
            asked = await run_in_threadpool(self._read, body)
        released = await run_in_threadpool(decide, asked.bundle, asked.header, asked.stanzas, now=self._now)
        self._log.event("released", client=_client(request), **released.to_json())
        return Response(released.to_cbor(), media_type=CBOR)

    def _read(self, body: bytes) -> ReleaseRequest:
        """The request. What is none is a denial with its entry."""
        most = self._limits.max_release_bytes
        asked = attempted(lambda: ReleaseRequest.from_cbor(body, max_bytes=most))
        if isinstance(asked, KeyDenied):
            self._broker.note_denial(asked, now=self._now, request_digest=hashlib.sha256(body).digest())
            raise asked
        return asked

    async def health(self, request: Request, body: bytes) -> Response:
        """Whether the database answers."""
        found = await run_in_threadpool(self._broker.checkpoint, now=self._now)
        return JSONResponse({"status": "ok", "broker": found.broker.hex(), "sequence": found.sequence})

    async def log(self, request: Request, body: bytes) -> Response:
        """Entries beyond `after`, one JSON object a line."""
        numbers = [request.query_params.get(name, default) for name, default in (("after", "-1"), ("limit", "100"))]
        if not all(_INTEGER.fullmatch(text) and int(text) in _INTEGERS for text in numbers):
            raise HTTPException(400, "after and limit are integers, from -1 to 2^63 - 1")
        after, limit = map(int, numbers)
        page = await run_in_threadpool(self._broker.entries, after, max(1, min(limit, MAX_LOG_PAGE)))
        lines = "".join(json.dumps(entry.to_json()) + "\n" for entry in page)
        return Response(lines, media_type=JSON_LINES)

    async def checkpoint(self, request: Request, body: bytes) -> Response:
        """How far the log is, signed."""
        found = await run_in_threadpool(self._broker.checkpoint, now=self._now)
        return Response(found.to_cbor(), media_type=CBOR)

    def limited(self, endpoint: Endpoint, most: int = 0) -> Callable[[Request], Awaitable[Response]]:
        """`endpoint` behind the limits: those of the client before its body is read, of `most` bytes; then the others.

        Without `most` nothing of a body is read.
        """

        async def serve(request: Request) -> Response:
            client = network_of(_client(request))
            if not self._limiter.enters(client, time.monotonic()):
                raise await self._too_many()
            try:
                body = await self._bodies.read(request, most) if most else b""
                if not self._limiter.begins():
                    raise await self._too_many()
                try:
                    return await endpoint(request, body)
                finally:
                    self._limiter.ends()
            finally:
                self._limiter.leaves(client)

        return serve

    async def _too_many(self) -> KeyDenied:
        denial = deny(DenialCode.RATE_LIMITED, "Too many requests. Ask again later.")
        await self._note_suppressed(denial)
        return denial

    async def _note_suppressed(self, denial: KeyDenied) -> None:
        """An entry for all refusals by rate since the last one: a flood must not fill the disk."""
        suppressed = self._suppressed
        suppressed.count += 1
        if time.monotonic() - suppressed.entered_at >= SUPPRESSED_S:
            count, suppressed.count, suppressed.entered_at = suppressed.count, 0, time.monotonic()
            await run_in_threadpool(self._broker.note_denial, denial, now=self._now, requests=count)

    # Problems. --------------------------------------------------------------------------------------------------------

    async def denied(self, request: Request, error: Exception) -> Response:
        """A denial, or bytes that are no request."""
        assert isinstance(error, KeyDenied | DecodeError)
        denial = denied_by(error)
        fault = {"fault": denial.fields["fault"]} if "fault" in denial.fields else {}
        self._log.event("denied", client=_client(request), denial=denial.denial, assurance=denial.assurance, **fault)
        code = DenialCode(denial.denial)
        members = {"denial": denial.denial, "assurance": denial.assurance}
        members |= {name: denial.fields[name] for name in ("check", "submodule") if name in denial.fields}
        return _problem(_STATUS.get(code, _DENIED), "The key is not released", denial.message, **members)

    async def unavailable(self, request: Request, error: Exception) -> Response:
        """The decision cannot be written: no key."""
        self._log.event("unavailable", error=type(error).__name__, message=str(error))
        return _problem(503, "The broker cannot decide now", "Its database cannot be written. Ask again later.")

    async def refused(self, request: Request, error: Exception) -> Response:
        """HTTP's own refusals."""
        assert isinstance(error, HTTPException)
        return _problem(error.status_code, "The request is not served", error.detail)

    async def failed(self, request: Request, error: Exception) -> Response:
        """A fault of ours: no key, and no word of what is inside."""
        self._log.event("failed", error=type(error).__name__, path=request.url.path[:64])
        return _problem(500, "The broker is at fault", "No key was released. Report this as a bug of zkseal.")

    async def gone(self, request: Request, error: Exception) -> Response:
        """The client went away before its request was there."""
        return _problem(400, "The request is not complete", "The connection ended.")


def _client(request: Request) -> str:
    return request.client.host if request.client is not None else "local"


def _problem(status: int, title: str, detail: str, **members: str | None) -> Response:
    """RFC 9457."""
    shown: dict[str, Any] = {name: None if value is None else plain(str(value)) for name, value in members.items()}
    return JSONResponse(problem(status, title, plain(detail), **shown), status_code=status, media_type=PROBLEM)


def application(
    broker: KeyBroker, log: Log, limits: RateLimits | None = None, *, clock: Callable[[], float] = time.time
) -> Starlette:
    """The ASGI application.

    Args:
        clock: Unix seconds; the only place where the broker's time comes from.
    """
    limits = limits or RateLimits()
    service = _Service(broker, log, limits, clock)
    posts = {
        "/v1/challenge": (service.challenge, MAX_CHALLENGE_BYTES),
        "/v1/release": (service.release, limits.max_release_bytes),
        "/v1/release-development": (service.release_development, limits.max_release_bytes),
    }
    gets = {"/v1/health": service.health, "/v1/log": service.log, "/v1/checkpoint": service.checkpoint}
    return Starlette(
        routes=[
            *(Route(path, service.limited(*endpoint), methods=["POST"]) for path, endpoint in posts.items()),
            *(Route(path, service.limited(endpoint), methods=["GET"]) for path, endpoint in gets.items()),
        ],
        exception_handlers={
            KeyDenied: service.denied,
            DecodeError: service.denied,
            ResourceLimit: service.unavailable,
            HTTPException: service.refused,
            ClientDisconnect: service.gone,
            Exception: service.failed,
        },
    )
