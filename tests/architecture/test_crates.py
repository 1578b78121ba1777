"""Crates depend downwards only, and the verifier on nothing that could make it other than a pure function."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Crate -> crates of the workspace that it may depend on (normal dependencies).
ARROWS: dict[str, set[str]] = {
    "zkseal-field": set(),
    "zkseal-poly": {"zkseal-field"},
    "zkseal-transcript": {"zkseal-field", "zkseal-poly"},
    "zkseal-commit": {"zkseal-field", "zkseal-poly", "zkseal-transcript"},
    "zkseal-sumcheck": {"zkseal-field", "zkseal-poly", "zkseal-transcript"},
    "zkseal-relation": {"zkseal-field", "zkseal-poly", "zkseal-transcript"},
    "zkseal-lookup": {"zkseal-field", "zkseal-poly", "zkseal-transcript", "zkseal-sumcheck", "zkseal-commit"},
    "zkseal-verifier": {
        "zkseal-field",
        "zkseal-poly",
        "zkseal-transcript",
        "zkseal-commit",
        "zkseal-sumcheck",
        "zkseal-relation",
        "zkseal-lookup",
    },
}
# Fast arithmetic of the prover; the verifier does without.
ARROWS["zkseal-kernels"] = {"zkseal-field", "zkseal-poly"}
ARROWS["zkseal-prover"] = ARROWS["zkseal-verifier"] | {"zkseal-verifier", "zkseal-kernels"}
# Setups of the kzg opening, read from files.
ARROWS["zkseal-srs"] = {"zkseal-field", "zkseal-transcript", "zkseal-commit", "zkseal-kernels"}
# Programs for the chain, made from verifying keys.
ARROWS["zkseal-evm"] = ARROWS["zkseal-verifier"] | {"zkseal-verifier"}
ARROWS["zkseal-testkit"] = ARROWS["zkseal-prover"] | {"zkseal-prover"}
# Attestation evidence; knows nothing of proofs.
ARROWS["zkseal-attest"] = set()
# Keys and sealed models; knows nothing of proofs.
ARROWS["zkseal-seal"] = set()
ARROWS["zkseal-py"] = ARROWS["zkseal-testkit"] | {"zkseal-srs", "zkseal-evm", "zkseal-attest", "zkseal-seal"}
ARROWS["zkseal-wasm"] = ARROWS["zkseal-verifier"] | {"zkseal-verifier"}
ARROWS["zkseal-attest-wasm"] = {"zkseal-attest"}

# What only the proving side of a crate needs, behind its feature `prover`.
PROVING_SIDE: dict[str, set[str]] = {"zkseal-commit": {"zkseal-kernels"}}

# Everything that the verifier's crates may use from outside: arithmetic, hashing, error derivation, and wiping of
# secrets in the crates shared with the prover. No thread pool, clock, randomness or operating system.
VERIFIER_DEPENDENCIES = {"ark-bn254", "ark-ec", "ark-ff", "ark-serialize", "sha3", "thiserror"}


def manifests() -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted((ROOT / "crates").glob("*/Cargo.toml")):
        manifest = tomllib.loads(path.read_text())
        found[manifest["package"]["name"]] = manifest
    return found


def dependencies(manifest: dict[str, Any], *, optional: bool = True) -> set[str]:
    tables = [manifest, *manifest.get("target", {}).values()]
    return {
        name
        for table in tables
        for kind in ("dependencies", "build-dependencies")
        for name, entry in table.get(kind, {}).items()
        if optional or not (isinstance(entry, dict) and entry.get("optional", False))
    }


CRATES = manifests()


def reached(crate: str) -> set[str]:
    """External crates that `crate` depends on through the workspace, without optional ones."""
    direct = dependencies(CRATES[crate], optional=False)
    inner = {name for name in direct if name in CRATES}
    return (direct - inner).union(*(reached(name) for name in inner))


@pytest.mark.parametrize("crate", CRATES)
def test_crates_depend_downwards(crate: str) -> None:
    assert crate in ARROWS, f"{crate} is new: give it a place in ARROWS and ARCHITECTURE.md"
    every, always = (
        {name for name in dependencies(CRATES[crate], optional=optional) if name.startswith("zkseal-")}
        for optional in (True, False)
    )
    assert always <= ARROWS[crate]
    assert every <= ARROWS[crate] | PROVING_SIDE.get(crate, set())


def test_the_verifier_reaches_nothing_but_arithmetic_and_hashing() -> None:
    assert reached("zkseal-verifier") <= VERIFIER_DEPENDENCIES


# Everything that the verifiers of attestation evidence may use from outside: signatures, formats, one Intel library.
ATTEST_DEPENDENCIES = {
    "anyhow",
    "dcap-qvl",
    "der",
    "minicbor",
    "p256",
    "p384",
    "rsa",
    "serde_json",
    "sha2",
    "thiserror",
    "x509-cert",
}


def test_attestation_reaches_signatures_and_formats_only() -> None:
    assert reached("zkseal-attest") == ATTEST_DEPENDENCIES
    shared = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["dependencies"]
    # Without `report`, which would bring an HTTP client, and at one version: its sentences are our error classes.
    assert shared["dcap-qvl"]["version"] == "=0.7.1"
    assert not shared["dcap-qvl"]["default-features"]
    assert "report" not in shared["dcap-qvl"]["features"]


@pytest.mark.parametrize("crate", ["zkseal-attest", "zkseal-seal"])
def test_attestation_and_sealing_ask_no_clock_network_or_file(crate: str) -> None:
    words = re.compile(r"SystemTime|Instant::now|std::(net|fs|env|process|thread)|UnixTime::now")
    for path in (ROOT / "crates" / crate / "src").rglob("*.rs"):
        assert not words.search(path.read_text()), path


# Everything that sealing may use from outside: ciphers, signatures, hashes, and the system's randomness.
SEAL_DEPENDENCIES = {
    "aes-gcm",
    "blake3",
    "ed25519-dalek",
    "getrandom",
    "hkdf",
    "hpke",
    "k256",
    "sha2",
    "sha3",
    "subtle",
    "thiserror",
    "zeroize",
}


def test_sealing_reaches_ciphers_and_randomness_only() -> None:
    assert reached("zkseal-seal") == SEAL_DEPENDENCIES
    shared = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["dependencies"]
    # Keys are wiped where libraries offer it.
    for name in ("aes-gcm", "blake3", "ed25519-dalek"):
        assert "zeroize" in shared[name]["features"], name


@pytest.mark.parametrize("crate", sorted(ARROWS["zkseal-verifier"] | {"zkseal-verifier"}))
def test_nothing_below_the_verifier_asks_for_the_proving_side(crate: str) -> None:
    """Optional dependencies stay out of the verifier only while no crate that it reaches enables their feature."""
    manifest = CRATES.get(crate, {})
    asked = {f for entry in manifest.get("dependencies", {}).values() for f in entry.get("features", [])}
    assert not asked & {"prover", "test-hooks"}
    assert not set(manifest.get("features", {}).get("default", []))


def test_the_workspace_enables_no_feature_of_its_own_crates() -> None:
    shared = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["dependencies"]
    assert all(entry.keys() == {"path"} for name, entry in shared.items() if name.startswith("zkseal-"))


@pytest.mark.parametrize("crate", CRATES)
def test_versions_are_set_once_for_the_workspace(crate: str) -> None:
    manifest = CRATES[crate]
    assert manifest["package"]["version"] == {"workspace": True}
    for name, entry in manifest.get("dependencies", {}).items():
        if crate not in {"zkseal-py", "zkseal-testkit"}:
            assert isinstance(entry, dict), f"{crate}: {name} sets a version of its own"
            assert entry.get("workspace"), f"{crate}: {name} sets a version of its own"


def test_no_core_crate_knows_of_models() -> None:
    """The core proves relations; operators and formats stay in Python."""
    words = re.compile(r"\b(onnx|sklearn|softmax|conv2d|relu|gemm)\b", re.IGNORECASE)
    for path in (ROOT / "crates").glob("*/src/**/*.rs"):
        assert words.findall(path.read_text()) == [], path
