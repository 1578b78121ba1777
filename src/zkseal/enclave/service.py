"""The host's HTTP: attestations and encrypted requests, bounded before anything of them is read.

=====================================  =================================================================
`GET /v1/attestation?nonce=HEX`        an attestation bundle that answers the nonce, 32 bytes
`POST /v1/infer`                       an encrypted request; the encrypted response
`GET /v1/health`                       what is running, with its assurance
=====================================  =================================================================

Attestations are limited for each address: hardware takes its time for one. Requests are limited inside, where the
client's key is known.

An error that the enclave did not encrypt is a problem document (RFC 9457) with the error's `code` and `fields`. None of
them is about what was asked, and what is written to the log are routes, sizes, times and codes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from zkseal.enclave.host import EnclaveHost
from zkseal.enclave.messages import MAX_REQUEST_BYTES
from zkseal.enclave.rates import RateLimits, Rates
from zkseal.errors import (
    DecodeError,
    EnclaveNotReady,
    EnclaveStopped,
    InternalError,
    RateLimited,
    ResourceLimit,
    WrongInput,
    WrongLength,
    ZksealError,
)
from zkseal.http_server.problems import PROBLEM, problem
from zkseal.http_server.rates import network_of

__all__ = ["application"]

OCTETS = "application/octet-stream"
BODY_TIMEOUT_S = 30.0
NONCE_CHARACTERS = 64
ATTESTATIONS = RateLimits(total_per_s=200, total_burst=400, client_per_s=20, client_burst=100)

Endpoint = Callable[[Request], Awaitable[Response]]
Log = Callable[[dict[str, Any]], None]


def application(host: EnclaveHost, *, log: Log | None = None) -> Starlette:
    """The application of a host that was started.

    Args:
        log: told one line for each request; nothing in it is secret.
    """
    service = _Service(host)
    routes = [
        Route("/v1/attestation", _guarded(service.attestation, host, log), methods=["GET"]),
        Route("/v1/infer", _guarded(service.infer, host, log), methods=["POST"]),
        Route("/v1/health", _guarded(service.health, host, log), methods=["GET"]),
    ]
    return Starlette(routes=routes)


class _Service:
    def __init__(self, host: EnclaveHost) -> None:
        self._host = host
        self._attestations = Rates(ATTESTATIONS, time.monotonic)

    async def attestation(self, request: Request) -> Response:
        address = request.client.host if request.client is not None else "local"
        self._attestations.admit(network_of(address).encode())
        nonce = request.query_params.get("nonce", "")
        try:
            decoded = bytes.fromhex(nonce) if len(nonce) == NONCE_CHARACTERS else b""
        except ValueError:
            decoded = b""
        if len(decoded) * 2 != NONCE_CHARACTERS:
            text = "The nonce is 32 bytes in hexadecimal, fresh for each attestation."
            raise WrongInput(text, name="nonce", expected="64 hexadecimal digits", got=len(nonce))
        bundle = await run_in_threadpool(self._host.attest, decoded)
        return Response(bundle.to_cbor(), media_type=bundle.media_type)

    async def infer(self, request: Request) -> Response:
        body = await _body(request, MAX_REQUEST_BYTES)
        return Response(await run_in_threadpool(self._host.infer, body), media_type=OCTETS)

    async def health(self, request: Request) -> Response:
        described = self._host.described
        return JSONResponse(described, status_code=200 if described["status"] == "ready" else 503)


async def _body(request: Request, most: int) -> bytes:
    """The body, refused by its announced length before a byte of it is read, or when it grows beyond."""
    announced = request.headers.get("content-length", "0")
    if not announced.isascii() or not announced.isdecimal() or int(announced[:12]) > most:
        raise WrongLength(f"A request has at most {most} bytes.", expected=most, got=announced[:20])
    data = bytearray()
    async with asyncio.timeout(BODY_TIMEOUT_S):
        async for chunk in request.stream():
            data += chunk
            if len(data) > most:
                raise WrongLength(f"A request has at most {most} bytes.", expected=most, got=len(data))
    return bytes(data)


def _guarded(endpoint: Endpoint, host: EnclaveHost, log: Log | None) -> Endpoint:
    """Errors as documents, and a line in the log."""

    async def serve(request: Request) -> Response:
        began = time.monotonic()
        code = "ok"
        try:
            response = await endpoint(request)
        except ClientDisconnect:
            code, response = "disconnected", Response(status_code=400)
        except TimeoutError:
            late = WrongLength("The request did not arrive in time.", expected=None, got=None)
            code, response = late.code, _problem(late, 408, host)
        except ZksealError as error:
            code, response = error.code, _problem(error, _status(error), host)
        except Exception as error:
            kind = type(error).__name__
            internal = InternalError(f"The host failed with {kind}. Please report this.", kind=kind)
            code, response = f"{internal.code}:{kind}", _problem(internal, 500, host)
        if log is not None:
            milliseconds = round((time.monotonic() - began) * 1000, 3)
            log(
                {
                    "route": request.url.path,
                    "status": response.status_code,
                    "code": code,
                    "bytes": len(response.body),
                    "ms": milliseconds,
                    "assurance": host.ceiling.name.lower(),
                }
            )
        return response

    return serve


def _status(error: ZksealError) -> int:
    if isinstance(error, RateLimited):
        return 429
    if isinstance(error, EnclaveStopped | EnclaveNotReady | ResourceLimit):
        return 503
    if isinstance(error, WrongLength):
        return 413
    return 400 if isinstance(error, DecodeError | WrongInput) else 500


def _problem(error: ZksealError, status: int, host: EnclaveHost) -> Response:
    described = error.to_dict()
    members = {"code": described["code"], "fields": described["fields"], "assurance": host.ceiling.name.lower()}
    document = problem(status, described["code"], described["message"], **members)
    wait_ms = error.fields.get("retry_after_ms") if isinstance(error, RateLimited) else None
    headers = None if wait_ms is None else {"Retry-After": str(-(-wait_ms // 1000))}
    return JSONResponse(document, status_code=status, media_type=PROBLEM, headers=headers)
