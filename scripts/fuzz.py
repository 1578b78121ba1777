"""Builds the fuzz targets of fuzz/ with coverage and runs each for some seconds, seeded with its corpus.

    python scripts/fuzz.py --seconds 60 [target ..]

libFuzzer comes with the crate libfuzzer-sys; coverage is asked for with options of stable rustc, so neither a nightly
toolchain nor cargo-fuzz is needed. A finding is written to out/fuzz/<target> and ends with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FUZZ = ROOT / "fuzz"

COVERAGE = (
    "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 "
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table "
    "-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks"
)


def main() -> int:
    """Returns 0 if no target has a finding."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    manifest = FUZZ / "Cargo.toml"
    if not manifest.exists():
        print("fuzz/Cargo.toml is missing: there are no fuzz targets", file=sys.stderr)
        return 1
    known = [binary["name"] for binary in tomllib.loads(manifest.read_text()).get("bin", [])]
    targets = options.targets or known
    unknown = sorted(set(targets) - set(known))
    if unknown:
        print(f"no fuzz target {unknown[0]}; there are {', '.join(known)}", file=sys.stderr)
        return 1
    host = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    triple = next(line.split()[1] for line in host.splitlines() if line.startswith("host:"))
    # With a target triple, flags reach the targets but not build scripts and macros, which cannot carry coverage.
    build = ["cargo", "build", "--release", "--manifest-path", str(manifest), "--target", triple]
    environment = {**os.environ, "RUSTFLAGS": COVERAGE, "CARGO_TARGET_DIR": str(FUZZ / "target")}
    subprocess.run(build, check=True, env=environment, cwd=FUZZ)
    findings = [name for name in targets if not run(name, triple, options.seconds)]
    print(f"{len(targets)} targets, findings in: {', '.join(findings) or 'none'}")
    return 1 if findings else 0


def run(name: str, triple: str, seconds: int) -> bool:
    """Whether the target ran for its time without a finding. New inputs go to out/, seeds stay as they are."""
    artifacts, grown, seeds = ROOT / "out" / "fuzz" / name, ROOT / "out" / "corpus" / name, FUZZ / "corpus" / name
    for folder in (artifacts, grown):
        folder.mkdir(parents=True, exist_ok=True)
    binary = FUZZ / "target" / triple / "release" / name
    command = [str(binary), str(grown), *([str(seeds)] if seeds.exists() else [])]
    command += [f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=10", f"-artifact_prefix={artifacts}/"]
    print(f"== {name}", flush=True)
    return subprocess.run([*command, "-print_final_stats=1"], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
