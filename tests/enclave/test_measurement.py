"""The measurement: what it covers, and that nothing else is run."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.enclave.worlds import World

import zkseal
from zkseal.enclave.measurement import code_files, measure, modules

pytestmark = pytest.mark.native

PACKAGE = Path(zkseal.__file__).resolve().parent


def python(path: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, PYTHONPATH=str(path), PYTHONDONTWRITEBYTECODE="1")
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=path)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The package in a folder of its own, which a test may change."""
    folder = tmp_path / "copy"
    shutil.copytree(PACKAGE, folder / "zkseal", ignore=shutil.ignore_patterns("__pycache__", "*_test.py", "artifacts"))
    return folder


MEASURE = "from zkseal.enclave.measurement import *; print(measure(modules()).hex())"


def test_it_covers_what_runs_and_not_the_host() -> None:
    names = {path.relative_to(PACKAGE).as_posix() for path in code_files(modules())}
    assert {"enclave/process.py", "enclave/runtime.py", "enclave/isolation/seccomp.py"} <= names
    assert {"pipeline/prove.py", "lowering/blocks/contraction.py", "_native.abi3.so"} <= names
    assert not [name for name in names if name.startswith(("cli/", "chain/", "broker/", "pages/"))]
    assert not {"enclave/host.py", "enclave/client.py", "enclave/service.py"} & names
    assert not [name for name in names if name.endswith("_test.py")]


def test_it_changes_with_the_code_and_with_nothing_else(copied: Path) -> None:
    before = python(copied, MEASURE).stdout
    assert before.strip() == measure(modules()).hex()
    with (copied / "zkseal" / "cli" / "main.py").open("a") as stream:
        stream.write("# other\n")
    assert python(copied, MEASURE).stdout == before
    with (copied / "zkseal" / "enclave" / "runtime.py").open("a") as stream:
        stream.write("# other\n")
    assert python(copied, MEASURE).stdout != before


def test_a_process_that_imported_more_is_refused() -> None:
    check = "from zkseal.enclave.measurement import *; require_measured(modules())"
    assert python(PACKAGE.parent, check).returncode == 0
    more = python(PACKAGE.parent, "import zkseal.enclave.client\n" + check)
    assert more.returncode != 0
    assert "MeasurementMismatch" in more.stderr


def test_compiled_files_beside_the_sources_are_not_run(copied: Path, world: World) -> None:
    """Who can write a cache file cannot have it run under the measurement of its source."""
    source = copied / "zkseal" / "enclave" / "runtime.py"
    evil = copied / "evil.py"
    evil.write_text("raise RuntimeError('run from the cache')\n")
    cache = importlib.util.cache_from_source(str(source))
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(evil), cache, dfile=str(source), doraise=True, invalidation_mode=mode)
    control = python(copied, "import zkseal.enclave.runtime")
    assert "run from the cache" in control.stderr
    # The host's part is loaded from its source here, so that only the enclave process meets the cache.
    start = (
        "import sys; sys.pycache_prefix = '/nonexistent'\n"
        "from pathlib import Path\n"
        "from zkseal.enclave.host import EnclaveHost\n"
        f"with EnclaveHost(Path({str(world.sealed)!r})) as host: print(host.described['status'])"
    )
    done = python(copied, start)
    assert done.stdout.strip() == "waiting for its model", done.stderr
