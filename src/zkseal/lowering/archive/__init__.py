"""Programs as plain data and arrays, so that a proving key holds what runs and nothing of what it was made from.

| module | content |
| --- | --- |
| `classes` | the classes of which programs consist: there are no others in a file |
| `arrays` | integer arrays by number, equal ones once |
| `fields` | how a value of a field is written and read, by the field's annotation |
| `program` | `to_plain`, `from_plain` |

A step is a frozen dataclass: its fields are all that there is to it. Who adds one names it in `classes`.
"""

from __future__ import annotations

from zkseal.lowering.archive.arrays import ArrayStore
from zkseal.lowering.archive.program import from_plain, to_plain

__all__ = ["ArrayStore", "from_plain", "to_plain"]
