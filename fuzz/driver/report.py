"""The two tables that a run prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REQUIRED = 0.90
"""Share of each decoder's lines that the corpora must reach."""


@dataclass(frozen=True)
class Row:
    """What one target did. `edges` is the fuzzer's own measure, branches in zkseal's code."""

    target: str
    runs: int
    seconds: float
    edges: int
    inputs: int
    peak_mib: int
    findings: tuple[Path, ...]
    planted: bool = False

    @property
    def passed(self) -> bool:
        """A planted bug must be found, and nothing else may be."""
        return bool(self.findings) == self.planted

    @property
    def verdict(self) -> str:
        """One word for the table."""
        if self.planted:
            return "found, as planted" if self.findings else "PLANTED BUG NOT FOUND"
        return f"{len(self.findings)} FINDINGS" if self.findings else "no finding"


@dataclass(frozen=True)
class Lines:
    """Executable lines of one file (or of one function of it), and how many were reached."""

    name: str
    total: int
    reached: int
    missed: tuple[int, ...]

    @property
    def share(self) -> float:
        """Reached of all; nothing of a file that has no lines, which is then not the file that was meant."""
        return self.reached / self.total if self.total else 0.0


def print_row(row: Row) -> None:
    """A target that has ended, while others go on."""
    print(f"  {row.target}: {row.runs} runs in {row.seconds:.0f} s, {row.verdict}", flush=True)


def print_rows(rows: Sequence[Row]) -> None:
    """One line for each target, and the paths of findings."""
    print(f"\n{'target':<20}{'runs':>10}{'runs/s':>9}{'edges':>7}{'corpus':>8}{'MiB':>6}  findings")
    for row in rows:
        rate = row.runs / max(row.seconds, 0.001)
        print(
            f"{row.target:<20}{row.runs:>10}{rate:>9.0f}{row.edges:>7}{row.inputs:>8}{row.peak_mib:>6}  {row.verdict}"
        )
        if not row.planted:
            for path in row.findings:
                print(f"    {path}")


def print_coverage(language: str, files: Sequence[Lines]) -> bool:
    """One line for each decoder; whether enough of the lines of each was reached."""
    total, reached = sum(file.total for file in files), sum(file.reached for file in files)
    print(f"\n{language + ' decoder':<52}{'lines':>7}{'reached':>9}{'share':>8}  not reached")
    for file in files:
        missed = _ranges(file.missed)
        remark = "" if file.share >= REQUIRED else f"BELOW {REQUIRED:.0%}: "
        print(f"{file.name:<52}{file.total:>7}{file.reached:>9}{file.share:>8.1%}  {remark}{missed}")
    print(f"{'all':<52}{total:>7}{reached:>9}{reached / max(total, 1):>8.1%}\n", flush=True)
    return all(file.share >= REQUIRED for file in files)


def _ranges(numbers: Sequence[int], most: int = 8) -> str:
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    texts = [f"{first}" if first == last else f"{first}-{last}" for first, last in parts]
    return " ".join(texts[:most]) + (" .." if len(texts) > most else "")
