"""Ceremony files: the public ones are taken; wrong, cut, changed and unknown ones are refused with what is wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import ceremonies, small_models
from tests.e2e.ceremonies import ARKWORKS_G1, AZTEC, AZTEC_32768, EZKL, HERMEZ, PTAU_G1, PTAU_G2, swapped
from tests.e2e.command_line import contents, refused

import zkseal
from zkseal import files
from zkseal.cli import main
from zkseal.cli.exit_codes import EXIT_CODES
from zkseal.errors import (
    DigestMismatch,
    FileUnavailable,
    InvalidEncoding,
    InvalidPower,
    SetupError,
    TooFewPowers,
    UnknownOrigin,
    WrongFileKind,
    WrongLength,
    ZksealError,
)

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def model() -> zkseal.CompiledModel:
    return zkseal.compile(small_models.perceptron(), small_models.SAMPLES)


@pytest.fixture
def folder(model: zkseal.CompiledModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files.save_model(tmp_path / "m.zkc", model)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused_here(capsys: pytest.CaptureFixture[str], error: type[ZksealError], *arguments: str) -> dict[str, Any]:
    """What `zkseal setup m.zkc` with these arguments fails with, in this process; no file is left behind."""
    before = contents(Path())
    capsys.readouterr()
    assert main(["setup", "m.zkc", *arguments, "--json"]) == EXIT_CODES[error]
    shown = capsys.readouterr()
    reported: dict[str, Any] = json.loads(shown.out)["error"]
    assert reported["code"] == error.__name__
    assert shown.err.startswith(f"zkseal: {error.__name__}: ")
    assert contents(Path()) == before
    return reported


# The public ones -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "origin", "count", "published"),
    [
        (HERMEZ, "hermez", 1_023, "powersOfTau28_hez_final_09.ptau"),
        (AZTEC, "aztec", 1_025, "kzg10-bn254-aztec-srs-1024.bin"),
        (AZTEC_32768, "aztec", 32_769, "kzg10-bn254-aztec-srs-32768.bin"),
        (EZKL, "ezkl", 2, "kzg1.srs"),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_public_files_are_known_by_their_contents(path: Path, origin: str, count: int, published: str) -> None:
    srs = files.load_srs(path)
    assert (srs.origin, srs.count, srs.published, srs.insecure) == (origin, count, published, False)
    assert files.load_srs(path, insecure_srs=True).origin == origin


@pytest.mark.parametrize("path", [HERMEZ, AZTEC, EZKL], ids=lambda path: path.name)
def test_the_guide_lists_the_ceremony(path: Path) -> None:
    srs = files.load_srs(path)
    guide = (ceremonies.ROOT / "docs" / "guides" / "setups.md").read_text()
    (row,) = [line for line in guide.splitlines() if line.startswith(f"| `{srs.origin}` |")]
    assert f"`{srs.setup_digest.hex()}`" in row


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "anything").write_bytes(HERMEZ.read_bytes())
    assert files.load_srs(tmp_path / "anything").origin == "hermez"
    (tmp_path / HERMEZ.name).write_bytes(ceremonies.insecure_file())
    with pytest.raises(UnknownOrigin):
        files.load_srs(tmp_path / HERMEZ.name)


# The others ----------------------------------------------------------------------------------------------------------


def bit_flipped(data: bytes, offset: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]


def with_tau_g2(data: bytes, tau_g2: bytes) -> bytes:
    """An arkworks file, which ends with tau*G2 and an empty map, with another tau*G2."""
    return data[:-136] + tau_g2 + data[-8:]


def arkworks_tau_g2_of_hermez() -> bytes:
    """tau*G2 of the other ceremony, as arkworks writes it: little-endian, with the sign of y in the last bit."""
    x, y = hermez_tau_g2()
    negative = (y.b, y.a) > (-y.b % ceremonies.Q, -y.a % ceremonies.Q)
    words = [value.to_bytes(32, "little") for value in (x.a, x.b, y.a, y.b)]
    return b"".join(words[:3]) + words[3][:31] + bytes([words[3][31] | (0x80 if negative else 0)])


def hermez_tau_g2() -> ceremonies.Point:
    """From the .ptau file, which holds Montgomery forms: values times 2^256."""
    data = HERMEZ.read_bytes()[PTAU_G2 + 128 : PTAU_G2 + 256]
    shift = pow(2**256, -1, ceremonies.Q)
    a, b, c, d = (int.from_bytes(data[k : k + 32], "little") * shift % ceremonies.Q for k in range(0, 128, 32))
    return ceremonies.Fq2(a, b), ceremonies.Fq2(c, d)


REFUSED: dict[str, tuple[Callable[[], bytes], type[ZksealError], dict[str, Any]]] = {
    "empty": (lambda: b"", WrongFileKind, {"got": "nothing"}),
    "a letter": (lambda: b"Dear verifier,\n" * 100, WrongFileKind, {"got": "a text"}),
    "an error page": (lambda: b"<!DOCTYPE html>\n<html>404</html>", WrongFileKind, {"got": "an HTML or XML page"}),
    "a pointer": (
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 672920\n",
        WrongFileKind,
        {"got": "a Git-LFS pointer"},
    ),
    "a file of zkseal": (lambda: Path("m.zkc").read_bytes(), WrongFileKind, {"got": "0x895a4b530d0a1a0a"}),
    "ptau, cut": (lambda: HERMEZ.read_bytes()[:400_000], WrongLength, {"got": 400_000}),
    "ptau, last byte missing": (lambda: HERMEZ.read_bytes()[:-1], WrongLength, {"got": 672_919, "expected": 672_920}),
    "arkworks, cut": (lambda: AZTEC.read_bytes()[:40_000], WrongLength, {"got": 40_000}),
    "halo2, cut": (lambda: EZKL.read_bytes()[:300], WrongLength, {"got": 300, "expected": 516}),
    "with a tail": (lambda: AZTEC.read_bytes() + b"\n", WrongLength, {"got": 65_881, "expected": 65_880}),
    "version of another ptau": (lambda: bit_flipped(HERMEZ.read_bytes(), 4), InvalidEncoding, {}),
    "another curve": (lambda: bit_flipped(HERMEZ.read_bytes(), 30), InvalidEncoding, {}),
    "transcript with a changed byte": (
        lambda: bit_flipped(ceremonies.insecure_file(), 5_000),
        DigestMismatch,
        {},
    ),
    "ptau, one bit of power 700": (
        lambda: bit_flipped(HERMEZ.read_bytes(), PTAU_G1 + 64 * 700),
        InvalidPower,
        {"place": "G1 power 700"},
    ),
    "ptau, powers 5 and 900 swapped": (
        lambda: swapped(HERMEZ.read_bytes(), PTAU_G1, 5, 900),
        InvalidPower,
        {"place": "G1 power 5"},
    ),
    "ptau, G2 powers swapped": (
        lambda: swapped(HERMEZ.read_bytes(), PTAU_G2, 200, 300, 128),
        InvalidPower,
        {"place": "G2 power 200"},
    ),
    "arkworks, last two powers swapped": (
        lambda: swapped(AZTEC.read_bytes(), ARKWORKS_G1, 1_023, 1_024),
        InvalidPower,
        {"place": "G1 power 1023"},
    ),
    "a power behind those that are used": (
        lambda: swapped(AZTEC_32768.read_bytes(), ARKWORKS_G1, 30_000, 32_000),
        InvalidPower,
        {"place": "G1 power 30000"},
    ),
    "no generator": (lambda: swapped(HERMEZ.read_bytes(), PTAU_G1, 0, 9), InvalidPower, {"place": "G1 power 0"}),
    "powers of one ceremony, tau*G2 of another": (
        lambda: with_tau_g2(AZTEC.read_bytes(), arkworks_tau_g2_of_hermez()),
        InvalidPower,
        {"place": "G1 power 1"},
    ),
    "a local setup": (ceremonies.insecure_file, UnknownOrigin, {}),
}
"""By what was done to it: a file, the error that it is refused with, and fields of the error."""


@pytest.mark.parametrize("what", REFUSED)
def test_other_files_are_refused_with_what_is_wrong(
    what: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, error, fields = REFUSED[what]
    (folder / "tau").write_bytes(made())
    with pytest.raises(error) as caught:
        files.load_srs(folder / "tau")
    assert type(caught.value) is error
    assert str(folder / "tau") in str(caught.value)
    assert caught.value.fields.items() >= fields.items()
    reported = refused_here(capsys, error, "--opening", "kzg", "--srs", "tau")
    assert reported["fields"].items() >= {**fields, "path": "tau"}.items()


@pytest.mark.parametrize("what", [what for what, (_, error, _) in REFUSED.items() if error is not UnknownOrigin])
def test_insecure_does_not_mean_unchecked(what: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, error, _ = REFUSED[what]
    (folder / "tau").write_bytes(made())
    refused_here(capsys, error, "--opening", "kzg", "--srs", "tau", "--insecure-srs")


def test_an_unknown_origin_is_named_with_its_digest_and_the_option(folder: Path) -> None:
    (folder / "tau").write_bytes(ceremonies.insecure_file())
    with pytest.raises(UnknownOrigin) as caught:
        files.load_srs(folder / "tau")
    srs = files.load_srs(folder / "tau", insecure_srs=True)
    assert (srs.origin, srs.count, srs.insecure, srs.published) == ("unknown", 1_025, True, None)
    assert caught.value.setup_digest == srs.setup_digest.hex()
    assert "--insecure-srs" in str(caught.value)


def test_a_file_that_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused_here(capsys, FileUnavailable, "--srs", "absent")["fields"]["path"] == "absent"


def test_too_few_powers_are_said_with_how_many_it_takes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = refused_here(capsys, TooFewPowers, "--srs", str(EZKL))
    assert few["fields"] == {"expected": 256, "got": 2}
    rows = refused_here(capsys, TooFewPowers, "--srs", str(HERMEZ), "--row-bits", "10")
    assert rows["fields"] == {"expected": 1_024, "got": 1_023}


def test_powers_go_with_the_kzg_opening_alone(
    model: zkseal.CompiledModel, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused_here(capsys, SetupError, "--opening", "kzg")
    refused_here(capsys, SetupError, "--opening", "ipa", "--srs", str(AZTEC))
    for srs, opening in ((None, "kzg"), (files.load_srs(AZTEC), "ipa")):
        with pytest.raises(SetupError):
            zkseal.setup(model, opening=opening, srs=srs)  # type: ignore[arg-type]


def test_a_process_reports_a_changed_power_the_same_way(folder: Path) -> None:
    (folder / "tau").write_bytes(swapped(HERMEZ.read_bytes(), PTAU_G1, 5, 900))
    reported = refused(folder, InvalidPower, "setup", "m.zkc", "--opening", "kzg", "--srs", "tau")
    assert (reported["fields"]["path"], reported["fields"]["place"]) == ("tau", "G1 power 5")


def test_fixtures_are_the_published_files() -> None:
    """Digests of the tables that the ceremonies published: `fixtures/srs/SOURCES.md` and that of the crate."""
    sha256 = {
        AZTEC: "0e2a5fb1d9102ee5b06723472b23f4f29f938712251a7b5b75eed4df4049871c",
        AZTEC_32768: "adfc7e882e487656ce92f4a0542a74c4c92022497fd6e29d70d22e74f5a229fe",
        EZKL: "cafb2aa72c200ddc4e28aacabb8066e829207e2484b8d17059a566232f8a297b",
    }
    for path, digest in sha256.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert hashlib.blake2b(HERMEZ.read_bytes()).hexdigest().startswith("94f108a80e81b5d932d8e8c9e8fd7f46")
