"""The ASGI application: routes, errors as problem documents, and what stands in front of every route.

From the outside in: `ObservedRequests` names and measures, `SafeAnswers` sets headers and makes a problem of whatever
was not caught, `AdmittedRequests` counts requests of an address, and FastAPI routes. What comes out of a route as an
error of this package is a problem document with its code; what comes out as anything else is status 500, of which only
the kind is logged.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from zkseal._version import __version__
from zkseal.errors import InternalError, RateLimited, ZksealError
from zkseal.http_server.rates import network_of
from zkseal.service.observing.requests import ObservedRequests, note, request_id_of
from zkseal.service.openapi import describe
from zkseal.service.problems import problem_response, refusal_response, status_of
from zkseal.service.request_bodies import malformed
from zkseal.service.routes import attestations, health, jobs, models, operators, receipts, verifications
from zkseal.service.service import Service
from zkseal.service.static import static_files

__all__ = ["api", "application"]

_DEFAULTS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Headers of answers that do not have their own."""


def application(service: Service) -> ASGIApp:
    """Everything that a server runs."""
    inner: ASGIApp = AdmittedRequests(api(service), service)
    inner = SafeAnswers(inner, service)
    inner = ObservedRequests(inner, service.log, service.metrics, service.tracing)
    trusted = list(service.settings.http.trusted_proxies)
    outermost: Any = ProxyHeadersMiddleware(inner, trusted) if trusted else inner  # type: ignore[arg-type]
    return outermost  # type: ignore[no-any-return]


def api(service: Service) -> FastAPI:
    """The routes, without what stands in front of them."""
    app = FastAPI(
        title="zkseal",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    app.state.service = service
    parts = (health, models, jobs, receipts, verifications, attestations, operators)
    routers = [part.router for part in parts]
    for router in routers:
        app.include_router(router)
    app.add_exception_handler(ZksealError, _problem)
    app.add_exception_handler(HTTPException, _refusal)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _fault)
    describe(app, routers)
    static_files(app, service.settings)
    return app


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ZksealError)
    service: Service = request.app.state.service
    request_id = request_id_of(request.scope)
    note(request.scope, code=error.code)
    if status_of(error) >= 500:
        service.log.failure("failed", error, request=request_id)
    return problem_response(error, request_id)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal_response(error.status_code, str(error.detail), request_id_of(request.scope), headers=error.headers)


async def _malformed(request: Request, error: Exception) -> Response:
    """A parameter of path or query. FastAPI's own document would repeat what was sent."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first.get("loc", ())[:1])
    return await _problem(request, malformed(f"a parameter of the {place} is none ({first.get('type')})"))


async def _gone(request: Request, error: Exception) -> Response:
    return refusal_response(400, "The connection ended before the request was there.", request_id_of(request.scope))


async def _fault(request: Request, error: Exception) -> Response:
    """Whatever else a route raises. Starlette raises it again, and `SafeAnswers` logs its kind."""
    internal = InternalError("The service is at fault.", kind=type(error).__name__)
    return problem_response(internal, request_id_of(request.scope))


class SafeAnswers:
    """ASGI: headers that every answer has, and an answer where there would be none."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def safe(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = list(message.get("headers", ()))
                named = {name for name, _ in given}
                message["headers"] = given + [entry for entry in _DEFAULTS if entry[0] not in named]
            await send(message)

        try:
            await self._app(scope, receive, safe)
        except Exception as error:
            # Its text may hold anything: its kind and its place are all that is told, and only to the log.
            self._service.log.failure("failed", error, request=request_id_of(scope))
            if not started:
                internal = InternalError("The service is at fault.", kind=type(error).__name__)
                await problem_response(internal, request_id_of(scope))(scope, receive, safe)


class AdmittedRequests:
    """ASGI: counts requests of an address before anything of them is read. Health is always told."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in health.HEALTH_PATHS:
            await self._app(scope, receive, send)
            return
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            # PostgreSQL has no texts with zeros: it would look like a database that is out of order.
            await refusal_response(400, "No name holds a zero byte.", request_id_of(scope))(scope, receive, send)
            return
        client: Any = scope.get("client")
        address = network_of(client[0] if client else "local")
        try:
            with self._service.admission.request_of(address):
                await self._app(scope, receive, send)
                return
        except RateLimited as error:
            note(scope, code=error.code)
            response = problem_response(error, request_id_of(scope))
        await response(scope, receive, send)
