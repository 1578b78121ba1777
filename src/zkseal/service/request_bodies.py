"""Bodies of requests, taken apart. Errors name places and rules, and repeat nothing of what was sent."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from zkseal.errors import InvalidEncoding
from zkseal.json_text import parse_json
from zkseal.service.problems import MALFORMED_REQUEST

__all__ = ["bytes_of", "malformed", "parse_request", "require_fields"]

Model = TypeVar("Model", bound=BaseModel)


def parse_request(cls: type[Model], body: bytes) -> Model:
    """A request from its JSON.

    Raises:
        InvalidEncoding: no JSON, or not of this form. The status is 400.
    """
    try:
        document = parse_json(body)
    except ValueError:
        # The parser's text may quote what it met.
        raise malformed("the body is no JSON") from None
    # Pydantic would make an error of each of a hundred thousand names.
    if isinstance(document, dict) and not document.keys() <= cls.model_fields.keys():
        raise malformed("*: extra_forbidden")
    try:
        return cls.model_validate(document)
    except ValidationError as error:
        raise malformed(_first(cls, error)) from None


def _first(cls: type[BaseModel], error: ValidationError) -> str:
    """Place and rule of the first mistake. A place is shown by names that we gave; others are the sender's."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[0]
    places = [part if part in cls.model_fields else "*" for part in found["loc"]]
    where = ".".join(str(part) for part in places) or "the body"
    return f"{where}: {found['type']}"


def malformed(reason: str) -> InvalidEncoding:
    """A request that cannot be read."""
    text = f"The request cannot be read: {reason}. See /openapi.json for its form."
    return InvalidEncoding(text, reason=reason, **{MALFORMED_REQUEST: True})


def bytes_of(text: str, name: str) -> bytes:
    """The bytes of base64 text, with padding, in the usual alphabet. Raises `InvalidEncoding`."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise malformed(f"{name} is no base64") from None


def require_fields(document: Any, required: Mapping[str, type], optional: Mapping[str, type]) -> dict[str, Any]:
    """The entries of a CBOR map with these names and types. Raises `InvalidEncoding`."""
    if not isinstance(document, dict):
        raise malformed("the body is no map")
    if not set(required) <= set(document) <= set(required) | set(optional):
        raise malformed(f"the body has other entries than {sorted(required)}, and perhaps {sorted(optional)}")
    for name, kind in {**required, **optional}.items():
        if name in document and type(document[name]) is not kind:
            raise malformed(f"{name} is no {kind.__name__}")
    return document
