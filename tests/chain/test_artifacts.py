"""The compiled contracts in the wheel are those of contracts/."""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from eth_utils.crypto import keccak

from zkseal.chain.contracts import CONTRACTS, artifact, decode_revert

ROOT = Path(__file__).resolve().parents[2]
CODE_CAP = 24_576


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("chain_artifacts", ROOT / "scripts" / "chain_artifacts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_artifacts_are_built_from_these_sources() -> None:
    made = script()
    assert made.recorded() == made.digest(), "contracts/ has changed. Run: make chain-artifacts"


def test_a_changed_source_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = script()
    (tmp_path / "src").mkdir()
    (tmp_path / "test" / "support").mkdir(parents=True)
    for name in ("src/A.sol", made.STAND_INS, "foundry.toml", "package-lock.json"):
        (tmp_path / name).write_text("a")
    monkeypatch.setattr(made, "CONTRACTS", tmp_path)
    before = made.digest()
    (tmp_path / "src" / "A.sol").write_text("b")
    assert made.digest() != before


def test_every_contract_has_its_file() -> None:
    made = script()
    assert set(made.FILES[made.SHIPPED]) == set(CONTRACTS)
    for folder, contracts in made.FILES.items():
        for name in contracts:
            assert (folder / f"{name}.json").exists(), name


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_contract_can_be_deployed(name: str) -> None:
    contract = artifact(name)
    assert contract.name == name
    assert 0 < len(contract.bytecode) < 2 * CODE_CAP
    assert any(entry["type"] == "function" for entry in contract.abi)


def test_errors_of_contracts_are_known_by_name() -> None:
    refusal = keccak(text="ModelNotFound(uint256)")[:4] + (5).to_bytes(32, "big")
    assert decode_revert(refusal) == ("ModelNotFound", {"modelId": 5})
    text = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"no".ljust(32, b"\0")
    assert decode_revert(text) == ("Error", {"reason": "no"})
    assert decode_revert(b"\x08\xc3\x79\xa0cut") is None
    assert decode_revert(b"") is None


def test_forge_ends_with_its_own_exit_code() -> None:
    """The launcher of the npm package ends with 0 whatever happens: no failing contract test would be noticed."""
    forge = ROOT / "contracts" / "tools" / "forge"
    assert subprocess.run([forge, "--version"], capture_output=True, check=False).returncode == 0
    assert subprocess.run([forge, "test", "--no-such-option"], capture_output=True, check=False).returncode != 0
    scripts = json.loads((ROOT / "contracts" / "package.json").read_text())["scripts"]
    assert all(command.startswith("tools/forge ") for command in scripts.values())
