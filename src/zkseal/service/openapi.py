"""The OpenAPI 3.1 document: what FastAPI makes of the routes, and what it cannot know.

Each operation says which scope its API key needs (`x-scope`), or that it needs none. FastAPI's own description of its
errors is taken out: errors are problem documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from zkseal.service.authentication import SCOPE_ATTRIBUTE

__all__ = ["describe", "scope_of"]

_DESCRIPTION = """Proofs of what a private model said about private data, as a service.

Errors are problem documents (RFC 9457). No document, log line or URL repeats a value of an input. Requests that make
jobs take an `Idempotency-Key`; answers 429 and 503 have `Retry-After`."""


def scope_of(route: APIRoute) -> str | None:
    """The scope that a route asks for; None: it is public."""
    scopes = [getattr(part.call, SCOPE_ATTRIBUTE, None) for part in route.dependant.dependencies]
    return next((scope for scope in scopes if scope is not None), None)


def describe(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Makes the application's document ours. The routers are those that it includes, without prefixes."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, routers)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    found["components"]["securitySchemes"] = {
        "api_key": {"type": "http", "scheme": "bearer", "bearerFormat": "zks_<id>_<secret>"}
    }
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute):
            scope = scope_of(route)
            for method in route.methods or ():
                operation = found["paths"][route.path_format][method.lower()]
                operation["x-scope"] = scope or "public"
                operation["security"] = [{"api_key": []}] if scope else []
    return found
