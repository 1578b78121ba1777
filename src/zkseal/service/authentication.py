"""Who asks: API keys from the header `Authorization: Bearer zks_..`, and what they may do.

A key that was found is believed for some seconds (`believed.BELIEVED_S`) without asking the database again, so that
verifications do not wait for it; a revoked key works that much longer. Keys are never taken from a URL: URLs are
written to logs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from zkseal.errors import ApiKeyRejected
from zkseal.service.api_keys import ApiKey, authenticate
from zkseal.service.observing.requests import note
from zkseal.service.service import Service, service_of

__all__ = ["SCOPE_ATTRIBUTE", "requires"]

SCOPE_ATTRIBUTE = "zkseal_scope"
"""Attribute of a dependency: the scope that it asks for. The OpenAPI document and the tests read it."""
_SCHEME = "bearer "


def requires(scope: str) -> Callable[[Request], Awaitable[ApiKey]]:
    """A dependency: the caller's key, if it has the scope.

    Raises (when called): ApiKeyRejected, ScopeMissing, RateLimited.
    """

    async def caller(request: Request) -> ApiKey:
        service = service_of(request)
        header = request.headers.get("authorization", "")
        if header[: len(_SCHEME)].lower() != _SCHEME:
            raise ApiKeyRejected("There is no API key with this request. Send: Authorization: Bearer zks_..")
        key = await _authenticated(service, header[len(_SCHEME) :].strip())
        note(request.scope, tenant=key.tenant, key=key.id)
        service.admission.use_of_key(key.id)
        key.require(scope)
        return key

    setattr(caller, SCOPE_ATTRIBUTE, scope)
    return caller


async def _authenticated(service: Service, text: str) -> ApiKey:
    """The key of this text. Raises `ApiKeyRejected`."""
    # Texts of keys are secrets: only their digests are kept.
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    key = service.believed.get(digest)
    if key is None:
        key = await run_in_threadpool(authenticate, service.vault.database, text)
        service.believed.put(digest, key)
    return key
