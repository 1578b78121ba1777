"""The measurement of the enclave process: a digest of all code of this package that it can import.

Found in the source text, from `zkseal.enclave.process` along every import, those inside functions included; the
compiled core is one more file. The process refuses to start if it finds that it imported anything else. Python, numpy
and the libraries of the system are not in it: a measured machine has to measure those.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from zkseal.errors import MeasurementMismatch
from zkseal.lowering.archive.classes import MODULES as STEPS
from zkseal.tee.native import native

__all__ = ["ENTRY", "PACKAGE", "code_files", "import_all", "measure", "modules", "require_measured"]

DOMAIN = b"zkseal/enclave-code/v1"
ENTRY = "zkseal.enclave.process"
PACKAGE = Path(__file__).resolve().parents[1]


@cache
def modules() -> tuple[str, ...]:
    """Names of every module of this package that the enclave process can import.

    Found once in a process: a source that changes later and imports more makes the enclave refuse its start.
    """
    # Steps of programs are imported by the names that a file gives them, which no import statement shows.
    pending, found = [ENTRY, *(f"zkseal.lowering.{name}" for name in STEPS)], set[str]()
    while pending:
        name = pending.pop()
        path = _source(name)
        if path is not None and name not in found:
            found.add(name)
            pending += _imports(path)
    return tuple(sorted(found))


def code_files(names: Sequence[str]) -> list[Path]:
    """The files of these modules and the compiled core, in order of their names."""
    found = {path for name in names if (path := _source(name)) is not None}
    return sorted({*found, *PACKAGE.glob("_native*.so")})


def import_all(names: Sequence[str]) -> None:
    """Imports what functions would import later, when no file can be opened any more.

    Frontends are left out: they read models of other libraries, which are not needed to run one that was compiled.
    """
    for name in names:
        if name.split(".")[1:2] != ["frontends"] and name != ENTRY:
            importlib.import_module(name)
    # The compiled core has no source in which to find it, and is asked for by functions alone.
    native()


def measure(names: Sequence[str]) -> bytes:
    """SHA-256 over names and digests of `code_files`."""
    digest = hashlib.sha256(DOMAIN)
    for path in code_files(names):
        name = path.relative_to(PACKAGE).as_posix().encode()
        digest.update(len(name).to_bytes(2, "big") + name + hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


def require_measured(names: Sequence[str]) -> None:
    """Raises `MeasurementMismatch` if this process imported a module of the package that `measure` does not cover."""
    measured = set(code_files(names))
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != PACKAGE.name and name != "__main__":
            continue
        file = getattr(module, "__file__", None)
        if file is not None and Path(file).resolve() not in measured:
            raise MeasurementMismatch(
                f"The enclave process imported {name}, which its measurement does not cover. Report this.",
                check="measurement",
                module=name,
            )


def _source(name: str) -> Path | None:
    """Of a module of this package; None for everything else, the compiled core included."""
    head, *rest = name.split(".")
    if head != PACKAGE.name:
        return None
    base = PACKAGE.joinpath(*rest)
    if (base / "__init__.py").is_file():
        return base / "__init__.py"
    path = base.with_suffix(".py")
    return path if rest and path.is_file() else None


def _imports(path: Path) -> Iterator[str]:
    """Names that may be modules: of every import statement, and of the packages around them."""
    for node in _statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[: count + 1]) for count in range(len(parts)))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if (
            isinstance(child, ast.If)
            and "TYPE_CHECKING" in ast.dump(child.test)
            and not isinstance(child.test, ast.UnaryOp)
        ):
            continue
        yield child
        yield from _statements(child)
