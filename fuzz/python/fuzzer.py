"""Runs one Python target: under atheris (libFuzzer for Python), or once on each file of a corpus.

python fuzzer.py TARGET libFuzzer arguments ..
python fuzzer.py TARGET --replay PATH ..
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Ends the process with libFuzzer's exit code."""
    name = sys.argv.pop(1)
    if sys.argv[1:2] == ["--replay"]:
        import targets

        target = targets.guarded({**targets.TARGETS, **targets.PLANTED}[name])
        for folder in sys.argv[2:]:
            for path in sorted(Path(folder).rglob("*")):
                if path.is_file():
                    target(path.read_bytes())
        return
    import atheris  # type: ignore[import-untyped,unused-ignore]

    with atheris.instrument_imports(include=["zkseal", "zkseal_reference", "targets"]):
        import targets
    target = targets.guarded({**targets.TARGETS, **targets.PLANTED}[name])
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
