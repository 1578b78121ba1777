"""Canonical XML 1.1 (W3C, 2008) of small documents without a DTD, as XML signatures need it.

The text comes from expat without namespace processing, so that prefixes stay as they are. What canonical XML says of
`xml:` attributes, comments and processing instructions is refused instead: signed manifests have none.
"""

from __future__ import annotations

import xml.parsers.expat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zkseal.errors import InvalidEncoding

__all__ = ["Element", "canonical", "parse"]

# A manifest of NVIDIA has 21 kB, a hundred elements, five hundred attributes, and six declarations of namespaces.
MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_ELEMENTS = 1 << 14
MAX_ATTRIBUTES = 1 << 16
MAX_DECLARATIONS = 64


@dataclass
class Element:
    """An element with its prefix, attributes in order of the document, and content of texts and elements."""

    name: str
    attributes: dict[str, str]
    scope: dict[str, str]
    content: list[Element | str] = field(default_factory=list)

    @property
    def expanded(self) -> tuple[str, str]:
        """(namespace, local name)."""
        prefix, _, local = self.name.rpartition(":")
        return self.scope.get(prefix, ""), local

    def children(self, local: str, namespace: str | None = None) -> list[Element]:
        """Child elements of this local name."""
        elements = [child for child in self.content if isinstance(child, Element)]
        return [e for e in elements if e.expanded[1] == local and namespace in (None, e.expanded[0])]

    def only(self, local: str, namespace: str | None = None) -> Element:
        """The one child of this name.

        Raises:
            InvalidEncoding: there is none, or there are several.
        """
        found = self.children(local, namespace)
        if len(found) != 1:
            raise InvalidEncoding(f"{self.name} has {len(found)} elements {local} instead of one.", reason="XML")
        return found[0]

    def text(self) -> str:
        """Its text, if it has no elements."""
        return "".join(part for part in self.content if isinstance(part, str))

    def attribute(self, local: str) -> str | None:
        """An attribute by its local name."""
        named = [value for name, value in self.attributes.items() if name.rpartition(":")[2] == local]
        return named[0] if len(named) == 1 else None

    def walk(self) -> Iterator[Element]:
        """This element and all below it."""
        yield self
        for child in self.content:
            if isinstance(child, Element):
                yield from child.walk()


def parse(document: bytes) -> Element:
    """The root element.

    Raises:
        InvalidEncoding: not XML in UTF-8, or with a DTD, comments, processing instructions, or undeclared prefixes; or
            larger than any manifest. All of it is read before a signature is checked, so memory and time have bounds.
    """
    if len(document) > MAX_BYTES:
        raise InvalidEncoding("The document is larger than any manifest.", reason="XML")
    parser = xml.parsers.expat.ParserCreate("UTF-8")
    root = Element("", {}, {"": "", "xml": "http://www.w3.org/XML/1998/namespace"})
    stack = [root]
    left = {"elements": MAX_ELEMENTS, "attributes": MAX_ATTRIBUTES, "namespaces": MAX_DECLARATIONS}

    def refuse(*_: Any) -> None:
        raise InvalidEncoding(
            "The document holds what a manifest does not: a DTD, comment or instruction.", reason="XML"
        )

    def start(name: str, attributes: dict[str, str]) -> None:
        declared = {n.partition(":")[2]: v for n, v in attributes.items() if n == "xmlns" or n.startswith("xmlns:")}
        for kind, count in (("elements", 1), ("attributes", len(attributes)), ("namespaces", len(declared))):
            left[kind] -= count
            if left[kind] < 0:
                raise InvalidEncoding(f"The document has more {kind} than any manifest.", reason="XML")
        # Shared with the parent where nothing is declared: a copy for each element would grow with both numbers.
        scope = stack[-1].scope | declared if declared else stack[-1].scope
        prefixes = {n.rpartition(":")[0] for n in (name, *attributes) if ":" in n and not n.startswith("xmlns:")}
        if not prefixes <= scope.keys() or len(stack) > MAX_DEPTH or "xml" in prefixes:
            raise InvalidEncoding("The document has undeclared prefixes, or is nested too deeply.", reason="XML")
        element = Element(name, attributes, scope)
        stack[-1].content.append(element)
        stack.append(element)

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = lambda text: stack[-1].content.append(text)
    parser.StartDoctypeDeclHandler = refuse
    parser.CommentHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(document, True)
    except (xml.parsers.expat.ExpatError, ValueError) as error:
        raise InvalidEncoding(f"The document is no XML: {error}.", reason="XML") from error
    (element,) = (child for child in root.content if isinstance(child, Element))
    return element


def _escaped(text: str, *, attribute: bool) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("\r", "&#xD;")
    if attribute:
        return text.replace('"', "&quot;").replace("\t", "&#x9;").replace("\n", "&#xA;")
    return text.replace(">", "&gt;")


def canonical(element: Element, *, without: Element | None = None) -> bytes:
    """The canonical form of `element` and what is below it, except `without`.

    As the apex, the element carries all namespaces in scope (Canonical XML 1.1, 2.3).
    """
    parts: list[str] = []
    _write(element, {"": ""}, parts, without)
    return "".join(parts).encode()


def _write(element: Element, rendered: dict[str, str], parts: list[str], without: Element | None) -> None:
    visible = {prefix: uri for prefix, uri in element.scope.items() if prefix != "xml"}
    new = {prefix: uri for prefix, uri in visible.items() if rendered.get(prefix) != uri}
    parts.append(f"<{element.name}")
    for prefix in sorted(new):
        name = f"xmlns:{prefix}" if prefix else "xmlns"
        parts.append(f' {name}="{_escaped(new[prefix], attribute=True)}"')

    def order(name: str) -> tuple[str, str]:
        prefix, _, local = name.rpartition(":")
        return (element.scope[prefix] if prefix else "", local)

    plain = [name for name in element.attributes if name != "xmlns" and not name.startswith("xmlns:")]
    for name in sorted(plain, key=order):
        parts.append(f' {name}="{_escaped(element.attributes[name], attribute=True)}"')
    parts.append(">")
    for child in element.content:
        if isinstance(child, str):
            parts.append(_escaped(child, attribute=False))
        elif child is not without:
            _write(child, visible, parts, without)
    parts.append(f"</{element.name}>")
