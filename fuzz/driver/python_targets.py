"""The Python targets: atheris (libFuzzer for Python) for guidance, coverage.py for the lines that were reached."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time

from driver.paths import FINDINGS, FUZZ, GROWN, MEMORY_MIB, OUT, ROOT, SEEDS, SLOWEST_SECONDS, Missing, made
from driver.report import Lines, Row
from driver.rust_targets import read_log

LANGUAGE = "python"
TARGETS = (
    "cbor",
    "receipt",
    "verify",
    "arrays",
    "container",
    "files",
    "relation_python",
    "key_python",
    "segmented",
    "in_segments",
    "proof_python",
    "onnx",
    "json",
    "answer",
    "attestation",
    "evidence",
)
PLANTED = {"planted_cbor": "negative count"}
"""Targets with a bug, and what the fuzzer's messages tell when it was found."""

DECODERS = (
    "src/zkseal/json_text.py",
    "src/zkseal/receipts/answers.py",
    "src/zkseal/receipts/cbor.py",
    "src/zkseal/receipts/cose.py",
    "src/zkseal/receipts/receipt.py",
    "src/zkseal/receipts/segments.py",
    "src/zkseal/receipts/statement.py",
    "src/zkseal/files/container.py",
    "src/zkseal/files/arrays.py",
    "src/zkseal/files/graphs.py",
    "src/zkseal/files/keys.py",
    "src/zkseal/files/models.py",
    "src/zkseal/files/segments.py",
    "src/zkseal/files/statements.py",
    "src/zkseal/lowering/archive/arrays.py",
    "src/zkseal/lowering/archive/fields.py",
    "src/zkseal/lowering/archive/program.py",
    "src/zkseal/relation/encoding.py",
    "src/zkseal/relation/validation.py",
    "src/zkseal/pipeline/interface.py",
    "src/zkseal/proving/segmented_key.py",
    "src/zkseal/proving/verify.py",
    "src/zkseal/tee/bundle.py",
    "src/zkseal/tee/evidence.py",
    "src/zkseal/tee/runtime_data.py",
    "src/zkseal/tee/sandbox_evidence.py",
    "src/zkseal/frontends/onnx/load.py",
    "src/zkseal/frontends/onnx/read.py",
    "src/zkseal/frontends/onnx/inputs.py",
    "src/zkseal/frontends/onnx/outputs.py",
    "src/zkseal/frontends/onnx/standardize.py",
    "src/zkseal/frontends/onnx/convert.py",
    "reference/zkseal_reference/decoder.py",
    "reference/zkseal_reference/validation.py",
    "reference/zkseal_reference/parameters.py",
    "reference/zkseal_reference/key.py",
    "reference/zkseal_reference/segments.py",
    "reference/zkseal_reference/proof.py",
    "reference/zkseal_reference/pairing.py",
)
"""Files of the package and of the reference that read what may come from a stranger."""

_PATH = os.pathsep.join(str(folder) for folder in (ROOT / "src", ROOT / "reference", FUZZ / "python", ROOT))
_FUZZER = FUZZ / "python" / "fuzzer.py"


def prepare() -> None:
    """Writes the seeds; installs what is missing if this Python is a virtual environment's."""
    missing = [module for module in ("atheris", "coverage") if importlib.util.find_spec(module) is None]
    if missing:
        install = [sys.executable, "-m", "pip", "install", "-q", "-r", str(FUZZ / "requirements.txt")]
        in_venv = sys.prefix != sys.base_prefix
        if not in_venv or subprocess.run(install, check=False).returncode:
            raise Missing(f"{' and '.join(missing)} is missing: python -m pip install -r fuzz/requirements.txt")
    shutil.rmtree(SEEDS / LANGUAGE, ignore_errors=True)
    done = subprocess.run([sys.executable, FUZZ / "python" / "seeds.py", SEEDS / LANGUAGE], env=_environment())
    if done.returncode:
        raise Missing(
            "The seeds of the Python targets could not be made. Is the compiled core installed "
            "(maturin develop --release)?"
        )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": _PATH, "PYTHONDONTWRITEBYTECODE": "1"}


def fuzz(name: str, seconds: int) -> Row:
    """Runs one target; stops at the first finding."""
    seeds, grown, findings = SEEDS / LANGUAGE / name, GROWN / LANGUAGE / name, FINDINGS / name
    if name in PLANTED:
        shutil.rmtree(grown, ignore_errors=True)
    made(seeds, grown, findings)
    command = [
        sys.executable,
        str(_FUZZER),
        name,
        str(grown),
        str(seeds),
        f"-max_total_time={seconds}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-timeout={SLOWEST_SECONDS}",
        f"-artifact_prefix={findings}/",
        "-print_final_stats=1",
    ]
    start = time.monotonic()
    done = subprocess.run(
        command,
        env=_environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return read_log(name, done.stdout, done.returncode, time.monotonic() - start, grown, findings, PLANTED.get(name))


def coverage() -> list[Lines]:
    """Lines of the decoders that seeds and grown corpora reach; a `def` that is imported counts as reached."""
    data = OUT / "python.coverage"
    included = ",".join(str(ROOT / file) for file in DECODERS)
    data.unlink(missing_ok=True)
    environment = _environment() | {"COVERAGE_FILE": str(data)}
    run = [sys.executable, "-m", "coverage"]
    for name in TARGETS:
        corpora = [str(folder / LANGUAGE / name) for folder in (SEEDS, GROWN)]
        replay = [str(_FUZZER), name, "--replay", *corpora]
        log = OUT / f"{name}.replay.log"
        with log.open("wb") as messages:
            command = [*run, "run", "--append", f"--include={included}", *replay]
            done = subprocess.run(command, env=environment, cwd=ROOT, stdout=messages, stderr=messages)
        if done.returncode:
            raise Missing(f"The corpus of {name} could not be replayed; its messages are in {log}.")
    report = OUT / "coverage.json"
    subprocess.run([*run, "json", "-q", "-o", str(report)], env=environment, check=True, cwd=ROOT)
    measured = json.loads(report.read_text())["files"]
    return [_lines(file, measured[file]) for file in DECODERS]


def _lines(file: str, measured: dict[str, list[int]]) -> Lines:
    reached, missed = measured["executed_lines"], measured["missing_lines"]
    return Lines(file, len(reached) + len(missed), len(reached), tuple(missed))
