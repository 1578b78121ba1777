"""Pages for people, made from the reports of the pipeline.

| module | content |
| --- | --- |
| `page` | `render`: a `ModelReport` as one HTML file that needs nothing else |
| `sections` | the parts of the page |
| `charts` | plots as SVG and as bars in tables |
| `style` | the style sheet, light and dark |
"""

from __future__ import annotations

from zkseal.pages.page import render

__all__ = ["render"]
