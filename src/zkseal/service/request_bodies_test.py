"""A request with a hundred thousand mistakes is one mistake."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from pydantic import ValidationError

from zkseal.errors import InvalidEncoding
from zkseal.service import request_bodies
from zkseal.service.request_bodies import parse_request
from zkseal.service.schemas import BatchJson


@pytest.mark.parametrize("document", [{str(n): 0 for n in range(5000)}, {"inputs": [0] * 5000}])
def test_only_the_first_mistake_is_looked_at(document: Any) -> None:
    counted: list[int] = []

    def first(cls: type, error: ValidationError) -> str:
        counted.append(error.error_count())
        return "first"

    with patch.object(request_bodies, "_first", first), pytest.raises(InvalidEncoding):
        parse_request(BatchJson, json.dumps(document).encode())
    assert max(counted, default=0) <= 1
