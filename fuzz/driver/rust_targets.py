"""The Rust targets: libFuzzer for guidance, LLVM's source-based coverage for the lines that were reached.

Both builds use the pinned stable compiler. `fuzz/instrument` adds the flags to zkseal's own crates only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from driver.paths import FINDINGS, FUZZ, GROWN, MEMORY_MIB, OUT, ROOT, SEEDS, SLOWEST_SECONDS, Missing, Unmeasured, made
from driver.report import Lines, Row

LANGUAGE = "rust"
TARGETS = ("relation", "params", "encodings", "blindings", "proof", "verifying_key", "foreign_key", "statement")
PLANTED = {
    "planted_decoder": "panicked at src/planted.rs",
    "planted_verifier": "accepted if and only if nothing was changed: Ok(())",
}
"""Targets with a bug, and what the fuzzer's messages tell when it was found."""

DECODERS = {
    "crates/zkseal-relation/src/codec.rs": "",
    "crates/zkseal-relation/src/types.rs": "",
    "crates/zkseal-relation/src/validate.rs": "",
    "crates/zkseal-relation/src/work.rs": "",
    "crates/zkseal-relation/src/params.rs": "",
    "crates/zkseal-relation/src/layout.rs": "",
    "crates/zkseal-relation/src/model.rs": "",
    "crates/zkseal-verifier/src/key.rs": "",
    "crates/zkseal-verifier/src/proof.rs": "",
    "crates/zkseal-verifier/src/statement.rs": "",
    "crates/zkseal-verifier/src/verify.rs": "",
    "crates/zkseal-field/src/encoding.rs": "",
    "crates/zkseal-prover/src/columns.rs": "decode_blindings",
}
"""Files that read bytes, check what was read, or verify; a name is the one such function of a file."""

GUIDED = (
    "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 "
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table "
    "-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks"
)
MEASURED = "-Cinstrument-coverage -Copt-level=1"
TARGET_FOLDER = FUZZ / "target"


def prepare() -> None:
    """Builds the fuzzer and writes the seeds."""
    _build("guided", "fuzzer", GUIDED)
    _build("measured", "corpus", MEASURED)
    shutil.rmtree(SEEDS / LANGUAGE, ignore_errors=True)
    _corpus("seeds", str(SEEDS / LANGUAGE))
    if tuple(_corpus("targets").split()) != (*TARGETS, *PLANTED):
        raise Missing("fuzz/driver/rust_targets.py and fuzz/src/targets list different targets: make them equal.")


def make_fixture() -> None:
    """Writes fuzz/fixture again with the prover of this checkout."""
    _build("measured", "corpus", MEASURED)
    _corpus("fixture")


def _build(kind: str, binary: str, flags: str) -> None:
    if shutil.which("cargo") is None:
        raise Missing("cargo is missing. Install Rust from https://rustup.rs/.")
    if kind == "guided" and not any(shutil.which(name) for name in (os.environ.get("CXX", "c++"), "g++", "clang++")):
        raise Missing("A C++ compiler is missing; libFuzzer is built from source. Debian: apt install g++")
    environment = {
        **os.environ,
        "RUSTC_WRAPPER": str(FUZZ / "instrument"),
        "ZKSEAL_INSTRUMENT": flags,
        "CARGO_TARGET_DIR": str(TARGET_FOLDER / kind),
        "RUSTFLAGS": "",
    }
    print(f"fuzz: building {binary} ({kind})", flush=True)
    done = subprocess.run(["cargo", "build", "-q", "--release", "--locked", "--bin", binary], env=environment, cwd=FUZZ)
    if done.returncode:
        raise Missing(f"cargo could not build the binary {binary}; its messages are above.")


def _binary(kind: str, name: str) -> Path:
    return TARGET_FOLDER / kind / "release" / name


def _corpus(*arguments: str, profile: Path | None = None) -> str:
    """What the program `corpus` prints."""
    made(OUT)
    environment = {**os.environ, "LLVM_PROFILE_FILE": str(profile or OUT / "unused.profraw")}
    done = subprocess.run(
        [_binary("measured", "corpus"), *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise Missing(
            f"'corpus {' '.join(arguments[:2])}' failed. If the protocol has changed, make the fixture again: "
            "python fuzz/run.py --fixture"
        )
    return done.stdout


def fuzz(name: str, seconds: int) -> Row:
    """Runs one target; stops at the first finding."""
    seeds, grown, findings = SEEDS / LANGUAGE / name, GROWN / LANGUAGE / name, FINDINGS / name
    if name in PLANTED:
        shutil.rmtree(grown, ignore_errors=True)
    made(seeds, grown, findings)
    command = [
        str(_binary("guided", "fuzzer")),
        str(grown),
        str(seeds),
        f"-dict={FUZZ / 'zkseal.dict'}",
        f"-max_total_time={seconds}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-timeout={SLOWEST_SECONDS}",
        f"-artifact_prefix={findings}/",
        "-print_final_stats=1",
        "-max_len=8192",
    ]
    start = time.monotonic()
    environment = {**os.environ, "ZKSEAL_FUZZ_TARGET": name}
    done = subprocess.run(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True, errors="replace")
    return read_log(name, done.stderr, done.returncode, time.monotonic() - start, grown, findings, PLANTED.get(name))


def read_log(name: str, log: str, code: int, seconds: float, grown: Path, findings: Path, planted: str | None) -> Row:
    """A row from libFuzzer's messages. A run that failed without leaving an input leaves its messages.

    Of a target with a planted bug, only the crash that the text `planted` tells of counts.
    """
    (OUT / f"{name}.log").write_text(log)
    found = tuple(sorted(findings.iterdir()))
    if planted is not None:
        found = tuple(path for path in found if path.name.startswith("crash-") and planted in log)
    elif code and not found:
        (findings / "log").write_text(log)
        found = (findings / "log",)

    def last(pattern: str) -> int:
        return int((re.findall(pattern, log) or ["0"])[-1])

    return Row(
        target=name,
        runs=last(r"stat::number_of_executed_units:\s*(\d+)"),
        seconds=seconds,
        edges=last(r"cov: (\d+)"),
        inputs=len(list(grown.iterdir())),
        peak_mib=last(r"stat::peak_rss_mb:\s*(\d+)"),
        findings=found,
        planted=planted is not None,
    )


def coverage() -> list[Lines]:
    """Lines of the decoders that seeds and grown corpora reach."""
    tools = _llvm_tools()
    folder = OUT / "profiles"
    shutil.rmtree(folder, ignore_errors=True)
    made(folder)
    for name in TARGETS:
        corpora = [str(place / LANGUAGE / name) for place in (SEEDS, GROWN)]
        _corpus("replay", name, *corpora, profile=folder / f"{name}.profraw")
    merged = folder / "merged.profdata"
    raw = sorted(str(path) for path in folder.glob("*.profraw"))
    subprocess.run([tools / "llvm-profdata", "merge", "-sparse", *raw, "-o", merged], check=True)
    files = [str(ROOT / file) for file in DECODERS]
    shown = subprocess.run(
        [
            tools / "llvm-cov",
            "export",
            "-format=lcov",
            f"-instr-profile={merged}",
            _binary("measured", "corpus"),
            *files,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return [_lines(file, function, shown.stdout) for file, function in DECODERS.items()]


def _llvm_tools() -> Path:
    """The folder of llvm-cov and llvm-profdata that belong to the compiler; rustup is asked for them once."""
    root = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True, cwd=ROOT)
    for attempt in ("find", "install"):
        found = sorted(Path(root.stdout.strip()).glob("lib/rustlib/*/bin/llvm-cov"))
        if found:
            return found[0].parent
        if attempt == "find" and shutil.which("rustup"):
            print("fuzz: asking rustup for llvm-tools, which measure coverage", flush=True)
            subprocess.run(["rustup", "component", "add", "llvm-tools"], cwd=ROOT, check=False)
    raise Unmeasured("llvm-cov of the Rust toolchain is missing: rustup component add llvm-tools")


def _lines(file: str, function: str, lcov: str) -> Lines:
    """Counts of one file from an lcov report; a line counts as reached if any instance of its code was."""
    wanted = _extent(ROOT / file, function)
    counts: dict[int, int] = {}
    for number, count in _counts(str(ROOT / file), lcov):
        if number in wanted:
            counts[number] = max(counts.get(number, 0), count)
    missed = tuple(sorted(number for number, count in counts.items() if count == 0))
    name = f"{file}::{function}" if function else file
    return Lines(name, len(counts), len(counts) - len(missed), missed)


def _counts(path: str, lcov: str) -> Iterator[tuple[int, int]]:
    inside = False
    for line in lcov.splitlines():
        if line.startswith("SF:"):
            inside = line[3:] == path
        elif inside and line.startswith("DA:"):
            number, count = line[3:].split(",")[:2]
            yield int(number), int(count)


def _extent(path: Path, function: str) -> range:
    """Lines of a top-level function, or of the whole file."""
    text = path.read_text().splitlines()
    if not function:
        return range(1, len(text) + 1)
    first = next(number for number, line in enumerate(text, 1) if line.startswith(f"pub fn {function}"))
    last = next(number for number, line in enumerate(text[first:], first + 1) if line == "}")
    return range(first, last + 1)
