"""docs/guides/credit-on-chain.md shows the code of its example."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guides" / "credit-on-chain.md"
EXAMPLE = (ROOT / "examples" / "credit_loan.py").read_text().splitlines()


def test_every_line_of_code_is_the_examples() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        at = 0
        for line in block.splitlines():
            assert line in EXAMPLE[at:], line
            at = EXAMPLE.index(line, at) + 1
