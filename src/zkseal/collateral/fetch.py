"""Fetches what an appraisal needs, checks it, and writes it: one item after another, each whole or not at all.

What is kept and fresh is not asked for again, so that a run that was interrupted, or failed in part, goes on where it
stopped. Nothing older replaces what is kept: a service that answers with an earlier TCB info or list is refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from zkseal.collateral.cache import Cache, Entry, entry_of
from zkseal.collateral.download import Downloader
from zkseal.collateral.item import Item, Situation, rejected
from zkseal.collateral.needs import items_for
from zkseal.collateral.services import Services
from zkseal.errors import CollateralError, DecodeError, FileUnavailable
from zkseal.tee.evidence import Evidence
from zkseal.tee.roots import Roots

__all__ = ["Outcome", "fetch_collateral"]

DAY_S = 86400


@dataclass(frozen=True)
class Outcome:
    """What became of one item.

    Attributes:
        state: `fetched`, `kept` (it was there, and is fresh) or `failed`.
        entry: of the cache, unless it failed.
        error: why it failed.
    """

    name: str
    state: str
    entry: Entry | None = None
    error: CollateralError | None = None


def fetch_collateral(
    evidence: Evidence,
    cache: Cache,
    downloader: Downloader,
    *,
    roots: Roots,
    now: int,
    services: Services | None = None,
    product: str | None = None,
    early: bool = False,
    max_age_s: int = DAY_S,
    tell: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Fetches what the appraisal of `evidence` needs. What fails does not keep the rest from being fetched.

    Args:
        now: Unix seconds; what is fetched has to be valid then.
        product, early: see `items_for`.
        max_age_s: how long what was fetched is not asked for again; 0 asks for everything that may change.
        tell: called with each outcome when it is there.

    Raises:
        DecodeError, AppraisalError: see `items_for`.
        OutOfDisk, FileUnavailable: it cannot be written.
    """
    situation = Situation(now, roots, contents := {})
    outcomes: list[Outcome] = []
    items = items_for(evidence, services or Services(), roots=roots, now=now, product=product, early=early)
    for item in items:
        kept, data = _kept(item, cache)
        if kept is not None and _fresh(item, kept, now, max_age_s):
            outcome = Outcome(item.name, "kept", kept)
        else:
            try:
                kept, data = _fetched(item, kept, downloader, situation)
                cache.write(kept, data)
                outcome = Outcome(item.name, "fetched", kept)
            except CollateralError as error:
                outcome = Outcome(item.name, "failed", error=error)
        if kept is not None:  # also where asking again failed: later items may be checked with it
            contents[item.name] = data
        outcomes.append(outcome)
        tell(outcome)
    return outcomes


def _kept(item: Item, cache: Cache) -> tuple[Entry | None, bytes]:
    """What the cache has; what is damaged there is fetched again."""
    with contextlib.suppress(DecodeError, FileUnavailable):
        entry = cache.entry(item.name)
        if entry is not None:
            return entry, cache.content(entry)
    return None, b""


def _fresh(item: Item, kept: Entry, now: int, max_age_s: int) -> bool:
    ended = kept.expires_at is not None and kept.expires_at < now
    early = kept.issued_at is not None and kept.issued_at > now
    # From another host it would be the same; asked for otherwise, it would not.
    other = kept.url.partition("?")[2] != item.url.partition("?")[2]
    return not (ended or early or other) and (item.lasting or 0 <= now - kept.fetched_at < max_age_s)


def _fetched(item: Item, kept: Entry | None, downloader: Downloader, situation: Situation) -> tuple[Entry, bytes]:
    response = downloader.get(item.url, item.max_bytes)
    checked = item.checked(response, situation)
    if kept is not None and (checked.issued_at or 0) < (kept.issued_at or 0) <= situation.now:
        raise rejected(response, item.name, "it is older than what is kept")
    entry = entry_of(
        item.name,
        item.url,
        checked.data,
        fetched_at=situation.now,
        issued_at=checked.issued_at,
        expires_at=checked.expires_at,
        issuer_chain=checked.issuer_chain,
    )
    return entry, checked.data
