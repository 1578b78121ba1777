"""Print what a sandbox of this installation is measured as, for the reference values of a policy.

The measurement is the SHA-256 of all code of zkseal that an enclave process loads. It is what a development policy
names as sandbox.measurement: assurance sandbox, a process says it of itself. Hardware measures otherwise, and more.

example: zkseal enclave measure
"""

from __future__ import annotations

import argparse

from zkseal.cli.console import Console
from zkseal.tee import Assurance

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares no arguments."""


def run(options: argparse.Namespace, console: Console) -> None:
    """Measures the files of this installation."""
    from zkseal.enclave.measurement import measure, modules

    measurement = measure(modules()).hex()
    assurance = Assurance.SANDBOX.name.lower()
    lines = [f'"sandbox.measurement" = ["{measurement}"]', f"assurance {assurance}"]
    console.result({"measurement": measurement, "claim": "sandbox.measurement", "assurance": assurance}, lines)
