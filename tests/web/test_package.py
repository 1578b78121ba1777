"""The package as npm publishes it: what it holds, and that it verifies where nothing but it is installed."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.web.conftest import CONTEXT, Proved
from tests.web.node import PACKAGE, ROOT, Node

pytestmark = pytest.mark.native

MODULES = {
    "zkseal_verifier.wasm": "dist/zkseal_verifier.wasm.gz",
    "zkseal_attest.wasm": "dist/tee/zkseal_attest.wasm.gz",
}
MAX_MODULE_BYTES = 500_000

PROGRAM = """
import { readFileSync } from "node:fs";
import { describe, loadVerifier, readReceipt, toHex, ZksealError } from "@zkseal/verifier";

const verifier = await loadVerifier();
const key = verifier.readVerifyingKey(readFileSync("k.zkv"));
const receipt = readFileSync("r.zkr");
const proved = verifier.verify(readReceipt(receipt), key, { context: readFileSync("context") });
const { hidden } = describe(proved, key, readReceipt(receipt));
receipt[receipt.length - 1] ^= 1;
let code = "";
try {
  readReceipt(receipt);
} catch (error) {
  if (error instanceof ZksealError) code = error.code;
}
console.log(JSON.stringify({ model: toHex(proved.modelId), outputs: [...proved.outputs.keys()], code, hidden }));
"""

GUIDES = (PACKAGE / "README.md", ROOT / "docs" / "guides" / "browser.md")

TYPED = """
import { loadVerifier, readReceipt, type ProvedStatement, type Tensor } from "@zkseal/verifier";

export async function outputs(receipt: Uint8Array, key: Uint8Array): Promise<ReadonlyMap<string, Tensor>> {
  const verifier = await loadVerifier(new URL("https://example.invalid/verifier.wasm"));
  const proved: ProvedStatement = verifier.verify(readReceipt(receipt), verifier.readVerifyingKey(key));
  return proved.outputs;
}
// @ts-expect-error: a receipt is read first
export const wrong = (await loadVerifier()).verify(new Uint8Array(), new Uint8Array());
"""


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def packed(node: Node, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The tarball, and what npm says of it."""
    folder = tmp_path_factory.mktemp("packed")
    (told,) = json.loads(run("npm", "pack", "--json", "--pack-destination", folder, folder=PACKAGE))
    return folder / told["filename"], told


@pytest.fixture(scope="module")
def project(packed: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the package and its one dependency, installed without a network."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"name": "project", "type": "module", "private": true}')
    dependency = PACKAGE / "node_modules" / "@noble" / "hashes"
    (told,) = json.loads(run("npm", "pack", "--json", "--pack-destination", folder, dependency, folder=folder))
    hashes = folder / told["filename"].replace("@", "").replace("/", "-")
    run("npm", "install", "--offline", "--no-audit", "--no-fund", packed[0], hashes, folder=folder)
    return folder


def test_the_package_holds_modules_types_and_sums_and_no_more(packed: tuple[Path, dict[str, Any]]) -> None:
    names = {entry["path"] for entry in packed[1]["files"]}
    assert {
        "README.md",
        "package.json",
        "dist/index.js",
        "dist/index.d.ts",
        "dist/SHA256SUMS",
        *MODULES.values(),
    } <= names
    assert all(name.startswith("dist/") for name in names - {"README.md", "package.json"})
    assert {Path(name).suffix for name in names} == {".js", ".ts", ".gz", ".json", ".md", ""}


def test_the_sums_are_those_of_the_modules(packed: tuple[Path, dict[str, Any]]) -> None:
    sums = dict(line.split()[::-1] for line in (PACKAGE / "dist" / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == set(MODULES)
    for name, packed_name in MODULES.items():
        module = gzip.decompress((PACKAGE / packed_name).read_bytes())
        assert hashlib.sha256(module).hexdigest() == sums[name]
        assert str(Path.home()).encode() not in module


def test_the_verifier_is_small() -> None:
    module = gzip.decompress((PACKAGE / MODULES["zkseal_verifier.wasm"]).read_bytes())
    assert len(module) <= MAX_MODULE_BYTES


def test_an_installed_package_verifies_a_receipt(project: Path, proved: Proved) -> None:
    (project / "k.zkv").write_bytes(proved.key_file)
    (project / "r.zkr").write_bytes(proved.receipt_file)
    (project / "context").write_bytes(CONTEXT)
    (project / "program.js").write_text(PROGRAM)
    found = json.loads(run("node", "program.js", folder=project))
    assert found["model"] == proved.key.model_id.hex()
    assert (found["outputs"], found["code"]) == (["y"], "DigestMismatch")
    assert {fact["code"] for fact in found["hidden"]} == {"inputs", "weights", "intermediate"}


def typed(project: Path, name: str, text: str) -> None:
    """Compiles a program against the types of the installed package, and no others."""
    (project / name).write_text(text)
    tsc = PACKAGE / "node_modules" / ".bin" / "tsc"
    language = ("--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2024,dom", "--types", "")
    run(tsc, *language, "--noEmit", name, folder=project)


def test_an_installed_package_has_types(project: Path) -> None:
    typed(project, "typed.ts", TYPED)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_programs_of_the_guides_fit_the_types(project: Path, guide: Path) -> None:
    blocks = re.findall(r"```ts\n(.*?)```", guide.read_text(), re.DOTALL)
    assert blocks
    for number, block in enumerate(blocks):
        typed(project, f"{guide.stem}{number}.ts", block)
