"""The root of GCP Confidential Space. Its tokens carry their certificates, so that nothing else is needed.

What is fetched is compared with the root that this release pins: a difference says that Google changed it. Source:
cloud.google.com/confidential-computing/confidential-space, "Verify PKI tokens".
"""

from __future__ import annotations

from zkseal.collateral.download import Response
from zkseal.collateral.item import Checked, Item, Situation, leaf_and_authorities, rejected
from zkseal.collateral.services import Services

__all__ = ["root"]

ROOT = "google/confidential-space-root"


def root(services: Services) -> Item:
    """The published root, if it is the pinned one."""

    def check(response: Response, situation: Situation) -> Checked:
        published, others = leaf_and_authorities(response.body)
        if others or published not in situation.roots.confidential_space:
            raise rejected(response, ROOT, "it is another root than this release of zkseal pins; look for a newer one")
        return Checked(response.body)

    return Item(ROOT, f"{services.google}/.well-known/confidential_space_root.crt", check)
