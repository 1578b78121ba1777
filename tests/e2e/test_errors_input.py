"""Inputs that cannot be proved about, by API and command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.e2e import small_models
from tests.e2e.command_line import done, refused

import zkseal
from zkseal import files
from zkseal.errors import InvalidEncoding, RangeExceeded, WrongInput, WrongLength, ZksealError

pytestmark = pytest.mark.native

FEATURES = small_models.FEATURES

WRONG: dict[str, tuple[Any, tuple[str, ...]]] = {
    "too wide": (np.zeros((1, FEATURES + 1)), ("'x'", f"(1, {FEATURES + 1})", f"(1, {FEATURES})")),
    "two rows": (np.zeros((2, FEATURES)), ("'x'", f"(2, {FEATURES})", "one input")),
    "no axes": (np.float32(1.0), ("'x'",)),
    "NaN": (np.full((1, FEATURES), np.nan), ("'x'", "NaN")),
    "infinite": (np.full((1, FEATURES), np.inf), ("'x'", "infinity")),
    "complex": (np.zeros((1, FEATURES), np.complex64), ("'x'", "complex64")),
    "text": (np.full((1, FEATURES), "a"), ("'x'", "numbers")),
    "unknown name": ({"z": np.zeros((1, FEATURES))}, ("'x'", "missing")),
    "another name too": ({"x": np.zeros((1, FEATURES)), "z": np.zeros(1)}, ("'z'", "unknown")),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys of the small model."""
    place = tmp_path_factory.mktemp("inputs")
    key, verifying_key = zkseal.setup(zkseal.compile(small_models.perceptron(), small_models.SAMPLES))
    files.save_proving_key(place / "m.zkp", key)
    files.save_verifying_key(place / "m.zkv", verifying_key)
    return place


@pytest.mark.parametrize("name", WRONG)
def test_an_input_of_another_form_is_refused(name: str, folder: Path) -> None:
    given, mentions = WRONG[name]
    key = files.load_proving_key(folder / "m.zkp")
    with pytest.raises(WrongInput) as caught:
        zkseal.prove(key, given)
    assert all(mention in str(caught.value) for mention in mentions), str(caught.value)


@pytest.mark.parametrize(
    ("name", "error"),
    [("too wide", WrongInput), ("NaN", WrongInput), ("unknown name", WrongInput), ("text", InvalidEncoding)],
)
def test_the_command_refuses_it_too(name: str, error: type[ZksealError], folder: Path) -> None:
    given, _ = WRONG[name]
    np.savez(folder / "given.npz", **(given if isinstance(given, dict) else {"x": given}))
    refused(folder, error, "prove", "m.zkp", "given.npz", "--out", "given.zkr")


def test_a_value_out_of_range_is_named_with_limits_and_remedy(folder: Path) -> None:
    """The one error that tells a value: to the caller, who gave it."""
    far = small_models.SAMPLES[:1].copy()
    far[0, 2] = -1000.0
    key = files.load_proving_key(folder / "m.zkp")
    with pytest.raises(RangeExceeded) as caught:
        zkseal.prove(key, far)
    np.save(folder / "far.npy", far)
    reported = refused(folder, RangeExceeded, "prove", "m.zkp", "far.npy")
    for said in (caught.value.to_dict(), reported):
        fields = said["fields"]
        assert (fields["tensor"], fields["value"]) == ("x", -1000.0)
        assert -100 < fields["lo"] < 0 < fields["hi"] < 100
        for mention in ("'x'", "-1000", "[0, 2]", "Calibrate", "headroom"):
            assert mention in said["message"], said["message"]


def test_a_value_inside_the_network_out_of_range_is_named() -> None:
    """Every input is in its range, but not what they add up to."""
    compiled = zkseal.compile(
        small_models.perceptron(), small_models.SAMPLES, options=zkseal.QuantizationOptions(headroom=1.0)
    )
    columns = small_models.weights()["w1"].T
    heaviest = columns[np.abs(columns).sum(axis=1).argmax()]
    adverse = np.abs(small_models.SAMPLES).max() * np.sign(heaviest)[np.newaxis]
    with pytest.raises(RangeExceeded) as caught:
        compiled.program.run({"x": adverse})
    assert caught.value.tensor != "x"
    assert "headroom" in str(caught.value)


def test_more_headroom_is_a_remedy() -> None:
    far = 3 * np.abs(small_models.SAMPLES).max() * np.ones((1, FEATURES), np.float32)
    tight, wide = (
        zkseal.compile(
            small_models.perceptron(), small_models.SAMPLES, options=zkseal.QuantizationOptions(headroom=headroom)
        )
        for headroom in (2.0, 8.0)
    )
    with pytest.raises(RangeExceeded):
        tight.program.run({"x": far})
    wide.program.run({"x": far})


def test_a_context_too_long_for_a_receipt_is_refused(folder: Path) -> None:
    np.save(folder / "x.npy", small_models.SAMPLES[:1])
    refused(folder, WrongLength, "prove", "m.zkp", "x.npy", "--context", "c" * 65_537)
    done(folder, "prove", "m.zkp", "x.npy", "--context", "c" * 65_536, "--out", "long.zkr")
