"""A `ModelReport` as one HTML file: no scripts, no fonts, nothing that is loaded from anywhere."""

from __future__ import annotations

from html import escape

from zkseal._version import __version__
from zkseal.pages import sections
from zkseal.pages.style import STYLE
from zkseal.pipeline import ModelReport

__all__ = ["render"]


def render(report: ModelReport) -> str:
    """The page. It shows outputs of the model on the samples, so it is as private as they are."""
    title = escape(f"{report.name or 'model'}: accuracy and cost")
    parts = (
        sections.summary(report),
        sections.outputs(report),
        sections.perturbed(report),
        sections.nodes(report),
        sections.ranges(report),
        sections.costs(report),
        sections.settings(report),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + f"\n<footer>Made by zkseal {escape(__version__)}. Times are predicted for two cores of a 2026 "
        f"server.</footer>\n"
        "</main>\n</body>\n</html>\n"
    )
