"""Errors as problem documents (RFC 9457): one status for each error, and no value of anybody's input.

A document has `type` (`urn:zkseal:error:<code>`, or `about:blank` for HTTP's own refusals), `title`, `status`,
`detail`, `code` (the name of the error, the same as in Python and on the command line), `fields`, and `request_id`,
which stands in the log of the server too. Errors of the local API may say a value to the caller who owns it; here such
a value is left out even for its owner: documents are kept by proxies, by clients and in bug reports.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from zkseal import errors
from zkseal.http_server.problems import PROBLEM, problem
from zkseal.json_text import printable
from zkseal.service.names import IDENTIFIER

__all__ = ["MALFORMED_REQUEST", "RETRY_AFTER_MS", "problem_response", "refusal_response", "status_of", "without_values"]

RETRY_AFTER_MS = "retry_after_ms"
"""Field of errors that pass: how long to wait before asking again. Becomes the header Retry-After, in whole seconds."""

MALFORMED_REQUEST = "request"
"""Field of an `InvalidEncoding` that is about the request itself, not about a receipt or a key in it."""

_STATUS: dict[type[errors.ZksealError], int] = {
    errors.NotFound: 404,
    errors.ApiKeyRejected: 401,
    errors.ScopeMissing: 403,
    errors.QuotaExceeded: 403,
    errors.IdempotencyConflict: 422,
    errors.JobConflict: 409,
    errors.JobCancelled: 409,
    errors.JobAbandoned: 500,
    errors.StorageUnavailable: 503,
    errors.MasterKeyRejected: 503,
    errors.RateLimited: 429,
    errors.OutOfDisk: 507,
    errors.ResourceLimit: 503,
    errors.ExecutorError: 503,
    errors.EnclaveError: 503,
    errors.ServiceError: 500,
    errors.SetupError: 422,
    errors.ModelError: 422,
    errors.QuantizationError: 422,
    errors.WitnessError: 422,
    errors.DecodeError: 422,
    errors.ProofRejected: 422,
    errors.AppraisalError: 422,
    errors.Interrupted: 503,
    errors.InternalError: 500,
}

_PASSING_QUOTAS = frozenset({"queued_jobs", "running_jobs"})
"""Quotas that make room by themselves: asking again later helps."""
_SECRET_FIELDS = frozenset({"path", "value", "url", "result", "idempotency_key", MALFORMED_REQUEST})
"""Paths and addresses of the server, values of a witness, long reports, texts of the caller."""


def status_of(error: errors.ZksealError) -> int:
    """The status of the error's class, or of its nearest ancestor that has one; 400 for a request without form."""
    if error.fields.get(MALFORMED_REQUEST):
        return 400
    if _lost(error):
        return 503
    if isinstance(error, errors.QuotaExceeded) and error.fields.get("quota") in _PASSING_QUOTAS:
        return 429
    return next((_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS), 500)


def without_values(error: errors.ZksealError) -> dict[str, Any]:
    """Code, message and fields of an error, without any value of the input that it is about."""
    described = error.to_dict()
    message, fields = str(described["message"]), dict(described["fields"])
    if isinstance(error, errors.RangeExceeded):
        tensor = fields.get("tensor", "the input")
        message = (
            f"A value of '{tensor}' lies outside of the range that the model was calibrated for. Calibrate with "
            "samples like this one, or compile with more headroom."
        )
        fields = {name: fields[name] for name in ("tensor", "lo", "hi") if name in fields}
    if isinstance(error, errors.NotFound) and not IDENTIFIER.fullmatch(str(fields.get("name"))):
        # A name that cannot be one of ours is a text of the caller.
        message = f"There is no such {fields.get('kind', 'thing')} here."
        fields = {"kind": fields.get("kind"), "name": None}
    if isinstance(error, errors.ResourceLimit | errors.InternalError | errors.MasterKeyRejected) or _lost(error):
        # These speak of the server's own files, hosts and insides: their owner finds them in the log.
        message, fields = _OURS[status_of(error)], {}
    shown = {name: _finite(value) for name, value in fields.items() if name not in _SECRET_FIELDS}
    return {"code": error.code, "message": printable(message), "fields": shown}


def _lost(error: errors.ZksealError) -> bool:
    """Whether the artifact store has lost what the database knows: our fault, whoever asked."""
    return isinstance(error, errors.NotFound) and error.fields.get("kind") == "blob"


_OURS = {
    500: "The service is at fault. Report this with the request id.",
    503: "The service lacks something that it needs. Ask again later; its operator finds the cause in the log.",
    507: "The service has no space left. Nothing was stored; its operator has to make room.",
}


def problem_response(error: errors.ZksealError, request_id: str, *, status: int | None = None) -> JSONResponse:
    """The answer to a request that ended with this error."""
    described = without_values(error)
    code = status_of(error) if status is None else status
    members = {"code": described["code"], "fields": described["fields"], "request_id": request_id}
    kind = f"urn:zkseal:error:{described['code']}"
    document = problem(code, _title(type(error)), described["message"], kind=kind, **members)
    return JSONResponse(document, code, headers=_headers(code, error.fields), media_type=PROBLEM)


def refusal_response(
    status: int, detail: str, request_id: str, *, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer to a request that HTTP itself refuses: no such path, too long, too slow."""
    document = problem(status, "The request is not served", detail, code=None, fields={}, request_id=request_id)
    return JSONResponse(document, status, headers=dict(headers or {}), media_type=PROBLEM)


def _title(cls: type[errors.ZksealError]) -> str:
    """The first sentence of the class: what all errors of this code have in common."""
    return (cls.__doc__ or cls.__name__).strip().splitlines()[0].partition(". ")[0].rstrip(".")


def _headers(status: int, fields: Mapping[str, Any]) -> dict[str, str]:
    headers = {"WWW-Authenticate": 'Bearer realm="zkseal"'} if status == 401 else {}
    wait_ms = fields.get(RETRY_AFTER_MS)
    if status in (429, 503):
        headers["Retry-After"] = str(max(1, math.ceil((wait_ms or 1000) / 1000)))
    return headers


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    if isinstance(value, dict):
        return {printable(str(name)): _finite(entry) for name, entry in value.items()}
    return printable(value) if isinstance(value, str) else value
