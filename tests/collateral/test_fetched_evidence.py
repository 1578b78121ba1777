"""Real evidence with nothing of its vendor at hand: fetched over HTTPS, kept, and appraised as expected.json says."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

import pytest
from tests.collateral.published import (
    answers_of_amd,
    answers_of_intel,
    bare_evidence,
    collateral_file,
    services_at,
)
from tests.collateral.vendor_server import Answer, VendorServer
from tests.tee.rows import FIXTURES, NONCES, ROWS, time_of

from zkseal.collateral import Cache, Downloader, Outcome, completed, fetch_collateral, items_for
from zkseal.collateral.amd import chip_of
from zkseal.collateral.intel import quoted_of
from zkseal.errors import AppraisalError, DecodeError, ZksealError
from zkseal.tee import Evidence, Platform, appraise_evidence, load_policy, pinned_roots
from zkseal.tee.verifiers.azure import decode_bundle

pytestmark = pytest.mark.native

# Vendors whose services have something to say of these rows, without manifests by themselves and NRAS, whose keys
# nobody published.
SERVED = [
    row
    for row in ROWS
    if row["vendor"] in ("intel", "amd", "azure-vtpm", "gcp", "nvidia")
    and not row["evidence"].startswith(("nvidia/rim/", "nvidia/nras"))
]


def answers_for(row: dict[str, Any], evidence: Evidence) -> dict[str, Answer]:
    """What the services of the row's time say, wrong certificates of negative rows included."""
    if (name := collateral_file(row)) is not None:
        quote = decode_bundle(evidence).td_quote if evidence.platform is Platform.AZURE_TDX else evidence.payload
        quoted = quoted_of(quote)
        published = json.loads((FIXTURES / name).read_text())
        return answers_of_intel(published, quoted.tee, quoted.fmspc, quoted.authority)
    if row["vendor"] == "amd":
        chip = chip_of(evidence.payload)
        chip = chip if chip.product else chip.of(row["product"].capitalize())
        if chip.kind == "vlek":
            return answers_of_amd("Milan", row["product"], vlek=True)
        url = next(
            item.url
            for item in items_for(
                evidence, services_at("https://localhost"), roots=pinned_roots(), now=time_of(row), product=chip.product
            )
            if item.lasting
        )
        parts = urllib.parse.urlsplit(url)
        assert chip.product is not None
        leaf = (FIXTURES / row["leaf"]).read_bytes()
        return answers_of_amd(chip.product, row["product"], (f"{parts.path}?{parts.query}", leaf))
    if row["vendor"] == "azure-vtpm":
        product = chip_of(decode_bundle(evidence).hardware_report).product or "Milan"
        return answers_of_amd(product, product.lower())
    root = (FIXTURES / "gcp-confidential-space/root.pem").read_bytes()
    return {"/.well-known/confidential_space_root.crt": Answer(root)} if row["vendor"] == "gcp" else {}


def fetched(row: dict[str, Any], server: VendorServer, cache: Cache, downloader: Downloader) -> list[Outcome]:
    evidence = bare_evidence(row)
    server.answers |= answers_for(row, evidence)
    product = row.get("product", "milan").capitalize()
    return fetch_collateral(
        evidence,
        cache,
        downloader,
        roots=pinned_roots(),
        now=time_of(row),
        services=services_at(server.url),
        product=product,
    )


def word_of(row: dict[str, Any], cache: Cache) -> tuple[str, ZksealError | None]:
    """The verdict on the bare evidence with what the folder has."""
    evidence, _ = completed(bare_evidence(row), cache, roots=pinned_roots(), now=time_of(row))
    nonce = NONCES.get(row["evidence"])
    try:
        appraise_evidence(
            evidence,
            load_policy("evidence-only"),
            now=time_of(row),
            nonce=bytes.fromhex(nonce) if nonce else None,
        )
    except ZksealError as error:
        return "reject", error
    return "valid", None


@pytest.mark.parametrize("row", SERVED, ids=[f"{index}-{row['evidence']}" for index, row in enumerate(SERVED)])
def test_evidence_with_fetched_collateral_has_the_expected_verdict(
    row: dict[str, Any], server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    try:
        outcomes = fetched(row, server, cache, downloader)
    except (AppraisalError, DecodeError):
        assert row["result"] == "reject"  # the evidence does not get as far as a question
        outcomes = []
    word, error = word_of(row, cache)
    assert word == row["result"], error
    if row["result"] == "valid" and row["vendor"] in ("intel", "gcp"):
        assert [outcome.state for outcome in outcomes] == ["fetched"] * len(outcomes)


BARE_FAILS = [row for row in SERVED if row["vendor"] in ("intel", "amd") and row["result"] == "valid"]


@pytest.mark.parametrize("row", BARE_FAILS, ids=[row["evidence"] for row in BARE_FAILS])
def test_the_same_evidence_is_refused_without_the_folder(row: dict[str, Any], cache: Cache) -> None:
    if "vlek" not in row.get("leaf", ""):
        assert word_of(row, cache)[0] == "reject"


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("intel/quotes/tdx-v4-debug.bin", "debug"),
        ("intel/quotes/tdx-v5-automata-nomatch.bin", "tcb"),
        ("intel/quotes/tdx-v5-alibaba-bad-servicetd.bin", "service-td"),
        ("intel/quotes/sgx-v3-occlum-debug.bin", "debug"),
        ("amd/neg-milan-debug/report.bin", "debug"),
    ],
)
def test_a_rejection_is_for_the_reason_of_the_row(
    name: str, check: str, server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    (row,) = (row for row in SERVED if row["evidence"] == name)
    fetched(row, server, cache, downloader)
    _, error = word_of(row, cache)
    assert error is not None
    assert error.fields["check"] == check


@pytest.mark.parametrize("reason", ["TCBInfo expired", "Fmspc mismatch"])
def test_collateral_of_another_time_or_platform_is_not_kept(
    reason: str, server: VendorServer, cache: Cache, downloader: Downloader
) -> None:
    for row in (row for row in SERVED if reason in row.get("reason", "")):
        outcomes = {outcome.name: outcome for outcome in fetched(row, server, cache, downloader)}
        tcb = quoted_of(bare_evidence(row).payload).tcb
        error = outcomes[tcb].error
        assert error is not None
        assert error.code == "CollateralRejected"
        assert cache.entry(tcb) is None
