"""Writes docs/reference/ from the code: errors with their exit codes, and the command line.

python scripts/reference_docs.py            fails if a page is out of date
python scripts/reference_docs.py --write    writes the pages
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from pathlib import Path

from zkseal import errors
from zkseal.cli import exit_codes
from zkseal.cli.parser import COMMANDS, build_parser

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
GENERATED = "<!-- Written by `make docs` from the code. Do not edit. -->"


def errors_page() -> str:
    """Every error: code, exit code, meaning."""
    lines = ["# Errors", "", GENERATED, ""]
    lines += [
        "Every error is a class of `zkseal.errors` with a stable code (its name), a sentence that names the thing and",
        "the remedy, and the fields listed here. The command line prints one line, or with `--json` an object, and",
        "exits with the number in the first column. A number that is given up is listed as deleted, never given again.",
        "",
        f"`{exit_codes.OK}` done, `{exit_codes.USAGE}` wrong command line, "
        f"`{exit_codes.TERMINATED}` told to stop (SIGTERM).",
        "",
        "| exit | code | meaning |",
        "| --- | --- | --- |",
    ]
    for cls in errors.error_classes():
        depth = len(cls.__mro__) - len(errors.ZksealError.__mro__)
        meaning = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
        if cls is errors.ZksealError:
            meaning = "Root of the tree."
        name = f"**`{cls.code}`**" if depth < 2 else f"`{cls.code}`"
        lines.append(f"| {exit_codes.EXIT_CODES[cls]} | {name} | {meaning} |")
    return "\n".join(lines) + "\n"


def cli_page() -> str:
    """Every command with its help text."""
    # argparse wraps at the width of the terminal; the page is the same everywhere.
    os.environ["COLUMNS"] = "110"
    lines = ["# Command line", "", GENERATED, "", "```text", build_parser().format_help().rstrip(), "```", ""]
    commands = subcommands(build_parser())
    for name in COMMANDS:
        lines += [f"## zkseal {name}", "", "```text", commands[name].format_help().rstrip(), "```", ""]
        for inner, parser in subcommands(commands[name]).items():
            lines += [f"### zkseal {name} {inner}", "", "```text", parser.format_help().rstrip(), "```", ""]
    return "\n".join(lines[:-1]) + "\n"


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers behind a parser, by name."""
    groups = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return next((dict(group.choices) for group in groups), {})


PAGES = {"errors.md": errors_page, "cli.md": cli_page}


def main() -> int:
    """Writes the pages, or compares them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    stale = []
    for name, page in PAGES.items():
        path, text = FOLDER / name, page()
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(str(path.relative_to(ROOT)))
    if stale:
        print(f"out of date: {', '.join(stale)}. Run: make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
