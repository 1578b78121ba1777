"""docs/guides/key-broker.md names every denial code, and nothing that is none."""

from __future__ import annotations

import re
from pathlib import Path

from zkseal.broker import DenialCode

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "key-broker.md"


def test_the_table_of_denials_is_complete() -> None:
    table = GUIDE.read_text().partition("| denial | what happened |")[2].partition("## Check the log")[0]
    named = re.findall(
        r"`([a-z_]+)`", "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    )
    assert sorted(named) == sorted(DenialCode)
