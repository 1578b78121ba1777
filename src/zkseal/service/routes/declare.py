"""How routes are declared: scope, body and answers, so that the OpenAPI document says what the code does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends
from pydantic import BaseModel

from zkseal.http_server.problems import PROBLEM
from zkseal.service.api_keys import ApiKey
from zkseal.service.authentication import requires
from zkseal.service.schemas import Problem

__all__ = [
    "CBOR",
    "JSON",
    "PROBLEMS",
    "Attester",
    "InferenceMaker",
    "JobReader",
    "JobWriter",
    "MetricsReader",
    "ModelReader",
    "ModelWriter",
    "OpeningReader",
    "Operator",
    "ReceiptReader",
    "Verifier",
    "answers",
    "body",
]

CBOR = "application/cbor"
JSON = "application/json"

ModelReader = Annotated[ApiKey, Depends(requires("models:read"))]
ModelWriter = Annotated[ApiKey, Depends(requires("models:write"))]
InferenceMaker = Annotated[ApiKey, Depends(requires("inferences:write"))]
JobReader = Annotated[ApiKey, Depends(requires("jobs:read"))]
JobWriter = Annotated[ApiKey, Depends(requires("jobs:write"))]
OpeningReader = Annotated[ApiKey, Depends(requires("openings:read"))]
ReceiptReader = Annotated[ApiKey, Depends(requires("receipts:read"))]
Verifier = Annotated[ApiKey, Depends(requires("verifications:write"))]
Attester = Annotated[ApiKey, Depends(requires("attestations:write"))]
MetricsReader = Annotated[ApiKey, Depends(requires("metrics:read"))]
Operator = Annotated[ApiKey, Depends(requires("operator"))]

_PROBLEM = {"content": {PROBLEM: {"schema": Problem.model_json_schema()}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"description": "A problem document: what went wrong, and the remedy", **_PROBLEM},
    422: {"description": "A problem document: what was asked cannot be done as it is", **_PROBLEM},
}


def answers(
    status: int, description: str, model: type[BaseModel] | None = None, **media: Mapping[str, Any]
) -> dict[int | str, dict[str, Any]]:
    """One successful answer for `responses`, beside the problems.

    Args:
        model: of a JSON answer.
        media: other media types, as their schemas by name.
    """
    content: dict[str, Any] = {name: {"schema": schema} for name, schema in media.items()}
    if model is not None:
        content[JSON] = {"schema": _inlined(model, "serialization")}
    return {status: {"description": description, "content": content} if content else {"description": description}}


def body(description: str, **media: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    """`openapi_extra` for a body in one of several media types: the class that checks it, or a schema."""
    content = {
        name: {"schema": _inlined(kind, "validation") if isinstance(kind, type) else dict(kind)}
        for name, kind in media.items()
    }
    return {"requestBody": {"description": description, "required": True, "content": content}}


def _inlined(model: type[BaseModel], mode: Any) -> dict[str, Any]:
    """The JSON schema of a class, with the classes in it written out where they stand."""
    schema = model.model_json_schema(mode=mode)
    definitions = schema.pop("$defs", {})
    return _resolved(schema, definitions)  # type: ignore[no-any-return]


def _resolved(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _resolved(definitions[node["$ref"].rpartition("/")[2]], definitions)
        return {key: _resolved(value, definitions) for key, value in node.items()}
    return [_resolved(entry, definitions) for entry in node] if isinstance(node, list) else node
