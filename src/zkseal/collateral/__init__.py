"""What vendors say of their hardware, fetched for the appraisal of a piece of evidence and kept in a folder.

==============  ======================================================================================
`services`      base URLs of the vendors' services, which are also the only hosts that are asked
`download`      one GET over HTTPS: bounded in bytes and time, tried again, never redirected
`item`          `Item`: one thing to fetch, and how it is checked
`intel`         TCB info, QE identity and revocation lists for a quote (PCS, or a PCCS)
`amd`           certificates of chips and authorities, revocation lists (KDS)
`nvidia`        manifests of driver and VBIOS, revocation lists, keys of NRAS
`google`        the root of Confidential Space
`needs`         which of these a piece of evidence needs, and evidence completed with what is kept
`cache`         the folder: contents by digest, entries by name
`fetch`         `fetch_collateral`: fetches, checks, writes
`der`           as much of X.690 as names and times need
==============  ======================================================================================

The verifiers (`zkseal.tee`) know neither network nor clock and take collateral as an argument; this package is where
it comes from. Nothing rests on it: the verifiers check everything again. The one exception is a key set of NRAS,
which is a trust anchor and vouched for by TLS alone.

Dependency position: imports `errors`, `files` (atomic writing), `json_text` and `tee`; only `cli` uses it.
"""

from zkseal.collateral.cache import Cache, Entry
from zkseal.collateral.download import Downloader
from zkseal.collateral.fetch import Outcome, fetch_collateral
from zkseal.collateral.needs import completed, items_for, roots_with
from zkseal.collateral.services import Services

__all__ = [
    "Cache",
    "Downloader",
    "Entry",
    "Outcome",
    "Services",
    "completed",
    "fetch_collateral",
    "items_for",
    "roots_with",
]
