"""Readers of formats, where a signature would hide a difference: XML, JSON, PEM and event logs, read as by Python."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from tests.tee.rows import FIXTURES
from tests.tee.test_event_log import LOG
from tests.tee.web.mutations import flipped
from tests.tee.web.node import Node, json_form

from zkseal.errors import ZksealError
from zkseal.tee.canonical_xml import canonical, parse
from zkseal.tee.event_log import boot_claims, parse_event_log, replay
from zkseal.tee.evidence import as_json
from zkseal.tee.pem import pem_blocks

pytestmark = [pytest.mark.native, pytest.mark.slow]

MANIFEST = (FIXTURES / "nvidia/rim/driver-gh100-550.144.03.xml").read_bytes()
XML = [
    MANIFEST,
    b"<a/>",
    b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-16"?>\r\n<a b=\'x"y\' c="1&#10;2\t3\n4">x&#xD;\r\ny</a>\n ',
    b'<p:a xmlns:p="u" xmlns="v" p:z="1" a="2" p:b="3"><b xmlns=""/><p:c xmlns:p="w"><p:d/></p:c></p:a>',
    b"<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F512;<![CDATA[<b>&amp;]]>]]&gt;</a>",
    "<ä:ö xmlns:ä='ü' ä:é='à\u2028'>\U0001f512</ä:ö>".encode(),
    b"<a x='1' x='2'/>",
    b"<a x='1'y='2'/>",
    b"<a x='<'/>",
    b"<a>]]></a>",
    b"<a>&nbsp;</a>",
    b"<a>&#0;</a>",
    b"<a>&#xD800;</a>",
    b"<a>\x01</a>",
    b"<a>\xff</a>",
    b"<a>\xef\xbf\xbf</a>",
    b"<a></b>",
    b"<a/><b/>",
    b"<a/>text",
    b"text<a/>",
    b"<a/><!-- -->",
    b"<!-- --><a/>",
    b"<a><?p?></a>",
    b"<!DOCTYPE a><a/>",
    b" <?xml version='1.0'?><a/>",
    b"<?xml version='1.0' standalone='maybe'?><a/>",
    b"<?xml encoding='utf-8'?><a/>",
    b"<p:a/>",
    b"<a xml:lang='de'/>",
    b"<a:b:c xmlns:a='u'/>",
    b"<a" + b" x" * 3 + b"/>",
    b"<1a/>",
    b"<a",
    b"",
    b"<a>" * 64 + b"</a>" * 64,
    b"<a>" * 65 + b"</a>" * 65,
    b"<a>" + b"<b/>" * (1 << 14) + b"</a>",
    b"<a b='" + b"x&amp;" * (1 << 17) + b"'>" + b"y" * (1 << 17) + b"</a>",
    b"<" + b"a" * (1 << 19) + b"/>",
    b"<a " + b" ".join(b"xmlns:p%d='u'" % index for index in range(65)) + b"/>",
]
JSON = [
    b'{"b": [1, 1.0, -0, -0.0, 1e3, 1E-5, 123456789012345678901234567890, true, false, null], "a": {"1": "x"}, "1": 2}',
    b'{"a": 1, "a": 2, "__proto__": 3}',
    '["ä\u2028\\u00e9\\ud83d\\udd12\\/\\b"]'.encode(),
    *(b"[NaN, Infinity, -Infinity]", b"[1e999, 1e22, 1e16, 123456.5, 0.0001, 0.00001]"),
    *(b"01", b"-", b"1.", b".5", b"+1", b"1e", b"[1,]", b'{"a":1,}', b"{'a':1}", b"[1 2]", b'{"a" 1}', b"tru", b"nul"),
    *(
        b'["\t"]',
        b'["\\x"]',
        b'["\\u12"]',
        b'["\\ud800"]',
        b'["\\ud800\\u0041"]',
        b'["\\udc00\\ud800"]',
        b'"open',
        b"\xff",
    ),
    *(
        b"",
        b" \n1\t\r",
        b"1 1",
        b"\xef\xbb\xbf1",
        b"\x0b1",
        b"[" * 100 + b"]" * 100,
        b"[" * 101 + b"]" * 101,
        b"1" * 4300,
    ),
    b"1" * 4301,
    b'["' + b"a" * (1 << 21) + b'"]',
    b'["' + b"\\n" * (1 << 20) + b'"]',
    b'["' + b"\\" * (1 << 21),
    b" " * (1 << 21) + b"1" + b" " * (1 << 21),
]
PEM = (FIXTURES / "nvidia/hopper-535.certs.pem").read_bytes()
PEMS = [
    PEM,
    b"",
    b"text" + PEM + b"more",
    b"-----BEGIN A-----\nAAAA=\n-----END A-----",
    b"-----BEGIN A-----\nAAA\n-----END A-----",
    b"-----BEGIN A-----AAAA-----END A-----",
    b"-----BEGIN A-----\nAAAA-----END B-----",
    b"-----BEGIN A-----\n" + b"-----BEGIN A-----\nAAAA\n-----END A-----",
    b"-----BEGIN -----\nAAAA\n-----END -----",
    b"-----BEGIN a-----\nAAAA\n-----END a-----",
    b"-----BEGIN A-----\nAA\x0b\x0cAA\n-----END A-----",
    b"-----BEGIN " + b"A" * 65 + b"-----\nAAAA\n-----END " + b"A" * 65 + b"-----",
    b"-----BEGIN A-----\nAAAA\n-----END A-----\n" * 257,
    b"-----BEGIN A-----\n" + b"AAAA" * (1 << 19) + b"-----END A-----",
    b"-----BEGIN A-----\n" + b"=" * (1 << 21) + b"A-----END A-----",
    b"-" * (1 << 20),
]


def _log(data: bytes) -> dict[str, Any]:
    events = parse_event_log(data)
    pcrs = {pcr: value.hex() for pcr, value in replay(events, "sha256").items()}
    return {"count": len(events), "pcrs": pcrs, "claims": boot_claims(events)}


READERS: dict[str, tuple[Callable[[bytes], Any], list[bytes]]] = {
    "xml": (lambda data: canonical(parse(data)).decode(), XML),
    "json": (lambda data: str(as_json(data)), JSON),
    "pem": (lambda data: [[label, der.hex()] for label, der in pem_blocks(data)], PEMS),
    "event-log": (_log, [LOG]),
}


def same(node: Node, kind: str, data: bytes) -> None:
    try:
        expected: dict[str, Any] = {"result": json_form(READERS[kind][0](data))}
    except ZksealError as error:
        expected = {"error": error.code}
    found = node.ask(kind, {}, data)
    if "error" in found:
        found["error"] = found["error"]["code"]
    assert found == expected, data[:2000]


@pytest.mark.parametrize("kind", READERS)
def test_documents_are_read_alike(node: Node, kind: str) -> None:
    for document in READERS[kind][1]:
        same(node, kind, document)


@pytest.mark.parametrize("kind", READERS)
def test_changed_documents_are_read_alike(node: Node, kind: str) -> None:
    rng = random.Random(3)
    documents = [document for document in READERS[kind][1] if 0 < len(document) < 1 << 15]
    for _ in range(600):
        same(node, kind, flipped(rng.choice(documents), rng))
