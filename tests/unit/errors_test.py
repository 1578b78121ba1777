"""The error taxonomy: stable codes, fields, and one public list."""

import json
import pickle

import numpy as np
import pytest

from zkseal import errors


def test_code_is_the_name_of_the_class() -> None:
    for cls in errors.error_classes():
        assert cls.code == cls.__name__


def test_all_lists_every_class() -> None:
    assert sorted(errors.__all__) == sorted(["error_classes", *(cls.__name__ for cls in errors.error_classes())])


def test_fields_are_attributes() -> None:
    error = errors.UnsupportedOp("Node 'n1' uses Foo. Remove it.", op="Foo", node="n1")
    assert (error.op, error.node, str(error)) == ("Foo", "n1", "Node 'n1' uses Foo. Remove it.")
    with pytest.raises(AttributeError):
        _ = error.colour


def test_errors_survive_pickling() -> None:
    error = errors.WrongLength("short", expected=3, got=2)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.message, copy.fields) == (errors.WrongLength, "short", {"expected": 3, "got": 2})


def test_to_dict_is_json() -> None:
    error = errors.RangeExceeded("too large", tensor="x", value=np.float32(1.5), shape=(1, np.int64(2)), raw=b"\x01")
    assert json.loads(json.dumps(error.to_dict())) == {
        "code": "RangeExceeded",
        "message": "too large",
        "fields": {"tensor": "x", "value": 1.5, "shape": [1, 2], "raw": "01"},
    }


def test_repr_shows_fields() -> None:
    assert repr(errors.OutOfDisk("full", path="a")) == "OutOfDisk('full', path='a')"
