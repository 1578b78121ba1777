"""Imports point downwards only: the graph of ARCHITECTURE.md, checked on the source text of every module."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "zkseal"

# Part of the package -> parts that it may import. Every part may import `errors`, itself, and `_version`.
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "json_text": set(),
    "endpoint": set(),
    # Errors that cross from one process to another.
    "plain_errors": set(),
    # What crosses a socket between two processes.
    "frames": {"receipts"},
    "_version": set(),
    # Connections, bodies, rates: what every HTTP server stands on.
    "http_server": set(),
    "graph": set(),
    "relation": set(),
    "receipts": set(),
    "frontends": {"graph"},
    "quantize": {"graph"},
    "lowering": {"graph", "quantize", "relation"},
    "proving": {"relation", "receipts", "_native"},
    # The pipeline joins what is above into compile, setup, prove, verify and evaluate. Values in, values out.
    "pipeline": {"frontends", "graph", "quantize", "lowering", "proving", "receipts", "relation"},
    # Large models in layer segments, each proved by itself.
    "segments": {"lowering", "pipeline", "proving", "quantize", "receipts", "relation"},
    # Files store what the pipeline makes.
    "files": {"graph", "lowering", "pipeline", "proving", "quantize", "receipts", "relation", "segments"},
    # Small models to try things with: training data and estimators, nothing of the prover.
    "zoo": {"frontends", "graph"},
    # Pages for people, made from what the pipeline measures.
    "pages": {"pipeline", "quantize"},
    # What those who prove or sign for a contract agree on with it.
    "evm": {"proving", "receipts"},
    # Models on a chain: contracts, transactions, the oracle node.
    "chain": {"evm", "files", "pipeline", "proving", "receipts", "relation"},
    # Evidence of trusted execution environments, appraised.
    "tee": {"_native", "receipts"},
    # What vendors say of their hardware, fetched.
    "collateral": {"files", "tee"},
    # Encrypted models: signed by publishers, sealed to brokers.
    "sealed": {"_native", "files", "receipts", "tee"},
    # Releases the keys of sealed models to attested machines.
    "broker": {"_native", "files", "http_server", "receipts", "sealed", "tee"},
    # Models that answer inside an enclave.
    "enclave": {
        "_native",
        "broker",
        "evm",
        "files",
        "frames",
        "http_server",
        "lowering",
        "pipeline",
        "proving",
        "receipts",
        "sealed",
        "tee",
    },
    # Receipts under policies: proofs and evidence together.
    "appraisal": {"pipeline", "proving", "receipts", "tee"},
    # Proofs by other processes and machines: pools of workers, segments of models.
    "executors": {"files", "frames", "lowering", "pipeline", "proving", "receipts", "relation", "segments"},
    # The proving service: HTTP in, problem documents out; jobs, tenants, artifacts.
    "service": {"appraisal", "executors", "files", "http_server", "pipeline", "proving", "receipts", "relation", "tee"},
    # The client of the service.
    "client": {"executors", "files", "http_server", "pipeline", "proving", "receipts"},
    "cli": {
        "appraisal",
        "broker",
        "chain",
        "client",
        "collateral",
        "enclave",
        "evm",
        "executors",
        "files",
        "frontends",
        "graph",
        "http_server",
        "lowering",
        "pages",
        "pipeline",
        "proving",
        "quantize",
        "receipts",
        "relation",
        "sealed",
        "segments",
        "service",
        "tee",
    },
    # The public names, and nothing else.
    "__init__": {"appraisal", "pipeline", "proving", "quantize", "receipts"},
    "__main__": {"cli"},
}

# Third-party package -> the only parts that may import it.
ONLY_IN: dict[str, set[str]] = {
    "onnx": {"frontends", "zoo"},
    "onnxruntime": {"frontends"},
    "onnxscript": {"frontends", "zoo"},
    "onnx_ir": {"frontends"},
    "skl2onnx": {"frontends"},
    "torch": {"frontends"},
    "keras": {"frontends"},
    "tensorflow": {"frontends"},
    "tf2onnx": {"frontends"},
    "sklearn": {"frontends", "zoo"},
    "matplotlib": {"cli"},
    "web3": {"chain"},
    "eth_account": {"chain"},
    "eth_abi": {"chain"},
    "eth_utils": {"chain"},
    "fastapi": {"service"},
    "httpx": {"client"},
    "opentelemetry": {"service"},
    "prometheus_client": {"service"},
    "pydantic": {"service"},
    "starlette": {"broker", "enclave", "http_server", "service"},
    "uvicorn": {"http_server", "service"},
    "h11": {"http_server"},
    "cryptography": {"service"},
    "ray": {"executors"},
    "sqlalchemy": {"service"},
    "psycopg": {"service"},
    "boto3": {"service"},
    "botocore": {"service"},
    "rich": {"cli"},
    "argparse": {"cli"},
    "cbor2": set(),
}


def sources() -> Iterator[Path]:
    """The modules of the package, without the tests beside them."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if not path.name.endswith("_test.py") and path.name != "conftest.py":
            yield path


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                # `from .x import y` stays inside its own folder, which is all that is asked of the reference verifier.
                yield node.lineno, "." * node.level + (node.module or "")
            elif node.module == "zkseal":
                yield from ((node.lineno, f"zkseal.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module or ""


def wrong_arrows(part: str, source: str) -> list[str]:
    """What `source`, a module of `part`, imports and must not."""
    wrong = []
    for line, name in imported(ast.parse(source)):
        head, _, rest = name.partition(".")
        if name.startswith("."):
            wrong.append(f"line {line}: imports are absolute in the package")
        elif head == "zkseal":
            target = rest.partition(".")[0] or "__init__"
            if target not in ARROWS[part] | {"errors", "endpoint", "json_text", "plain_errors", "_version", part}:
                wrong.append(f"line {line}: {part} imports {target}")
        elif part not in ONLY_IN.get(head, {part}):
            wrong.append(f"line {line}: {part} imports {head}")
        elif head == "zkseal_reference":
            wrong.append(f"line {line}: {part} imports the reference verifier")
    return wrong


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    assert part_of(path) in ARROWS, f"{part_of(path)} is a new part: give it a place in ARROWS and ARCHITECTURE.md"
    assert wrong_arrows(part_of(path), path.read_text()) == []


# Files of the package, that nobody else writes.
OWN_JSON = {"chain/contracts.py"}


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_json_of_others_is_read_with_a_bound_on_its_depth(path: Path) -> None:
    """`json.loads` overflows the stack in a process where a library has raised the recursion limit."""
    name = str(path.relative_to(PACKAGE))
    if name not in OWN_JSON | {"json_text.py"}:
        assert not re.search(r"\bjson\.loads?\(", path.read_text()), "use zkseal.json_text.parse_json"


def test_the_graph_has_no_cycle() -> None:
    done: set[str] = {"_native"}
    pending = {part: arrows - {part} for part, arrows in ARROWS.items()}
    while pending:
        ready = {part for part, arrows in pending.items() if arrows <= done}
        assert ready, f"a cycle among {sorted(pending)}"
        done |= ready
        pending = {part: arrows for part, arrows in pending.items() if part not in ready}


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("relation", "import zkseal.lowering"),
        ("relation", "from zkseal.graph import Graph"),
        ("receipts", "from zkseal import proving"),
        ("proving", "def f():\n    from zkseal.lowering import lower"),
        ("graph", "import zkseal"),
        ("lowering", "import onnx"),
        ("lowering", "from sklearn.svm import SVC"),
        ("proving", "import zkseal_reference"),
        ("files", "import cbor2"),
        ("files", "from .container import FileKind"),
    ],
)
def test_a_wrong_arrow_is_found(part: str, source: str) -> None:
    assert len(wrong_arrows(part, source)) == 1


def test_evidence_is_appraised_without_clock_network_and_randomness() -> None:
    """Time, roots and collateral are arguments of `zkseal.tee`. What makes evidence talks to devices, and is apart."""
    outside = {"asyncio", "datetime", "http", "os", "random", "secrets", "socket", "ssl", "time", "urllib"}
    attesters = PACKAGE / "tee" / "attesters"
    for path in (PACKAGE / "tee").rglob("*.py"):
        if attesters not in path.parents:
            names = [name for _, name in imported(ast.parse(path.read_text()))]
            assert not {name.partition(".")[0] for name in names} & outside, path
            assert not any(name.startswith("zkseal.tee.attesters") for name in names), path


def test_only_the_fetcher_of_collateral_asks_vendors() -> None:
    """Their names stand in one module, and what appraises evidence knows nothing of it."""
    hosts = ("trustedservices.intel.com", "kdsintf.amd.com", "attestation.nvidia.com", "crl.ndis.nvidia.com")
    for path in sources():
        named = re.search(r"https://[a-z.-]*(" + "|".join(map(re.escape, hosts)) + ")", path.read_text())
        # NRAS is named by its tokens too: an issuer is compared with it.
        allowed = {"collateral/services.py", "tee/verifiers/nras.py"}
        assert not named or str(path.relative_to(PACKAGE)) in allowed, path
    assert all("collateral" not in arrows for part, arrows in ARROWS.items() if part not in {"cli"})


def test_an_enclave_signs_digests_in_one_place_and_of_its_own_making() -> None:
    """A key that signs 32 bytes which it is handed would sign anything for whoever reaches it."""
    calls = []
    for path in sorted((PACKAGE / "enclave").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "sign_digest":
                calls.append(path.name)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".sign_digest"):
                assert [ast.unparse(argument) for argument in node.args] == [
                    "answer_digest(statement, question.registry)"
                ]
    assert calls == ["oracle.py"]


def test_a_right_arrow_is_allowed() -> None:
    assert wrong_arrows("lowering", "from zkseal.relation import Column\nimport numpy\nimport zkseal.errors") == []


def test_the_reference_imports_nothing_of_zkseal_and_only_the_standard_library() -> None:
    for path in sorted((ROOT / "reference" / "zkseal_reference").rglob("*.py")):
        for line, name in imported(ast.parse(path.read_text())):
            head = name.partition(".")[0]
            standard = head in sys.stdlib_module_names or head in {"", "zkseal_reference"}
            assert standard, f"{path.name}:{line} imports {name}"
