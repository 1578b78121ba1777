"""The page of a report: complete, self-contained, well-formed, and safe with any name."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from zkseal import pipeline
from zkseal.pages import render
from zkseal.pipeline import CompiledModel, ModelReport

pytestmark = pytest.mark.native

VOID = {"meta", "br", "circle", "rect", "line", "path"}


class Page(HTMLParser):
    """Checks that tags nest, and collects headings and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def found(tiny: CompiledModel, samples: np.ndarray) -> ModelReport:
    return pipeline.report(tiny, samples)


def test_the_page_answers_every_question(found: ModelReport) -> None:
    text = render(found)
    page = Page(text)
    assert page.tags.count("h1") == 1
    assert page.tags.count("h2") == 6
    assert page.tags.count("svg") == 2
    for figure in ("100 %", "masks and opening", "noise 1 %", "all settings and sizes"):
        assert figure in page.text.lower()
    for node in found.costs.nodes:
        assert node.node in page.text


def test_the_page_needs_nothing_else(found: ModelReport) -> None:
    text = render(found)
    page = Page(text)
    assert page.links == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?://", text)


def test_people_with_other_eyes(found: ModelReport) -> None:
    text = render(found)
    assert "prefers-color-scheme: dark" in text
    assert (
        text.count("<svg ") == len(re.findall(r'<svg [^>]*role="img"[^>]*aria-label="[^"]+"[^>]*><title>', text)) == 2
    )
    assert '<html lang="en">' in text
    assert 'name="viewport"' in text


def test_names_are_text(found: ModelReport) -> None:
    name = '<script>alert("x")</script>&'
    nodes = tuple(replace(node, value=name, node=name, op=name) for node in found.nodes)
    costs = replace(found.costs, nodes=tuple(replace(node, node=name, op=name) for node in found.costs.nodes))
    scatters = tuple(replace(one, output=name) for one in found.scatters)
    text = render(replace(found, name=name, nodes=nodes, costs=costs, scatters=scatters, refused=((1, name),)))
    assert "<script" not in text
    assert Page(text).text.count(name) >= 5


def test_a_drop_on_changed_inputs_is_pointed_out(found: ModelReport) -> None:
    assert "Decisions change with the input" not in render(found)
    worse = tuple(replace(entry, agreement=0.5) for entry in found.perturbed)
    assert "Decisions change with the input" in render(replace(found, perturbed=worse))


def test_a_report_without_accepted_samples_is_a_page_too(tiny: CompiledModel) -> None:
    page = Page(render(pipeline.report(tiny, np.full((2, 4), 1e6, np.float32))))
    assert "No sample fits" in page.text
