"""What a run was made on: processor, vector instructions, cores, memory, load, and versions of the software."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.stage import ROOT

# The instruction sets that kernels of zkseal or its peers ask for.
_FLAGS = ("avx2", "bmi2", "adx", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512ifma", "avx512_vnni", "amx_int8")


def describe_machine() -> dict[str, Any]:
    """JSON-ready. Linux on x86-64 or aarch64."""
    cpu = _fields(Path("/proc/cpuinfo").read_text())
    flags = set(cpu.get("flags", cpu.get("Features", "")).split())
    memory = _fields(Path("/proc/meminfo").read_text())
    return {
        "cpu": cpu.get("model name") or platform.processor() or platform.machine(),
        "cpu_family_model_stepping": "-".join(cpu.get(key, "?") for key in ("cpu family", "model", "stepping")),
        "architecture": platform.machine(),
        "flags": [flag for flag in _FLAGS if flag in flags],
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory["MemTotal"].split()[0]) / 2**20, 1),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
    }


def describe_software() -> dict[str, Any]:
    """Versions that can move a figure."""
    return {
        "zkseal": _package("zkseal"),
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "changed_files": len(_git("status", "--porcelain", "--untracked-files=no").splitlines()),
        "python": platform.python_version(),
        "numpy": _package("numpy"),
        "onnxruntime": _package("onnxruntime"),
    }


def slug(machine: dict[str, Any]) -> str:
    """A file name's worth of the machine: `amd-epyc-25-17-1-2-cores`."""
    words = f"{machine['cpu']} {machine['cpu_family_model_stepping']} {machine['cores']} cores"
    words = re.sub(r"\((r|tm)\)|@.*?ghz|\bcpu\b|\bprocessor\b", " ", words.lower())
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-")


def _fields(text: str) -> dict[str, str]:
    """`name : value` lines; of several processors, the first."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    return fields


def _package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "from sources"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
