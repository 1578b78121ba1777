"""The folder: whole entries only, for their owner, kept while fresh, never set back, and refused when damaged."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.collateral.published import bare_evidence, services_at
from tests.collateral.test_checks import AT, PATHS, QUOTED, ROW, fetched, honest
from tests.collateral.vendor_server import Answer, VendorServer

from zkseal.collateral import Cache, Downloader, completed
from zkseal.collateral.cache import entry_of
from zkseal.errors import DigestMismatch, FileUnavailable, InvalidEncoding, UnknownVersion, ZksealError
from zkseal.tee import appraise_evidence, load_policy, pinned_roots

pytestmark = pytest.mark.native

HOUR_S = 3600


def entry(data: bytes = b"content", **changes: Any) -> Any:
    given: dict[str, Any] = {"fetched_at": AT, "issued_at": None, "expires_at": None, "issuer_chain": "", **changes}
    return entry_of("intel/tdx-tcb/00", "https://localhost/a", data, **given)


def test_a_content_comes_back_and_its_files_are_the_owners(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "deep" / "folder")
    cache.write(entry(), b"content")
    assert cache.data("intel/tdx-tcb/00") == b"content"
    assert cache.entry("intel/tdx-tcb/00") == entry()
    paths = list((tmp_path / "deep" / "folder").rglob("*"))
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert modes == {True: 0o700, False: 0o600}
    assert len([path for path in paths if path.is_file()]) == 2


def test_damage_is_found(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write(entry(), b"content")
    (content,) = (tmp_path / "objects").iterdir()
    content.write_bytes(b"Content")
    with pytest.raises(DigestMismatch):
        cache.data("intel/tdx-tcb/00")
    content.write_bytes(b"content and more")
    with pytest.raises(InvalidEncoding):
        cache.data("intel/tdx-tcb/00")
    content.unlink()
    with pytest.raises(FileUnavailable):
        cache.data("intel/tdx-tcb/00")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('"collateral": 1', '"collateral": 2', UnknownVersion),
        ('"size": 7', '"size": true', InvalidEncoding),
        ('"size": 7', '"size": 7, "size": 7', InvalidEncoding),
        ('"name": "intel', '"name": "amd', InvalidEncoding),
        ('"sha256": "ed', '"sha256": "/d', InvalidEncoding),
        ("{", "[", InvalidEncoding),
    ],
)
def test_an_entry_of_another_form_is_refused(old: str, new: str, error: type[ZksealError], tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write(entry(), b"content")
    path = tmp_path / "entries/intel/tdx-tcb/00.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(error):
        cache.data("intel/tdx-tcb/00")


def test_what_is_fresh_is_not_asked_for_again(server: VendorServer, cache: Cache, downloader: Downloader) -> None:
    server.answers |= honest()
    fetched(server, cache, downloader)
    assert server.asked == PATHS
    fetched(server, cache, downloader, now=AT + HOUR_S)
    assert server.asked == PATHS
    fetched(server, cache, downloader, now=AT + 25 * HOUR_S)
    assert server.asked == 2 * PATHS


def test_a_run_that_failed_goes_on_where_it_stopped(server: VendorServer, cache: Cache, downloader: Downloader) -> None:
    server.answers |= dict(list(honest().items())[:2])
    assert list(fetched(server, cache, downloader).values()) == [None, None, "VendorRefused", "VendorRefused"]
    _, missing = completed(bare_evidence(ROW), cache, roots=pinned_roots(), now=AT)
    assert missing == [QUOTED.identity, QUOTED.tcb]
    server.answers |= honest()
    server.asked.clear()
    assert set(fetched(server, cache, downloader).values()) == {None}
    assert server.asked == PATHS[2:]


def test_damaged_contents_are_fetched_again(
    server: VendorServer, cache: Cache, downloader: Downloader, tmp_path: Path
) -> None:
    server.answers |= honest()
    fetched(server, cache, downloader)
    for content in (tmp_path / "collateral" / "objects").iterdir():
        content.write_bytes(b"damaged")
    assert set(fetched(server, cache, downloader).values()) == {None}
    assert len(server.asked) == 8


def test_nothing_older_replaces_what_is_kept(server: VendorServer, cache: Cache, downloader: Downloader) -> None:
    """A service that answers with the genuine list of last month would take revocations back."""
    server.answers |= honest()
    fetched(server, cache, downloader)
    newest = cache.entry(QUOTED.tcb)
    assert newest is not None
    assert newest.issued_at is not None
    issued_at = newest.issued_at + 60
    cache.write(entry_of(QUOTED.tcb, newest.url, b"{}", **(_times(newest) | {"issued_at": issued_at})), b"{}")
    codes = fetched(server, cache, downloader, max_age_s=0)
    assert codes[QUOTED.tcb] == "CollateralRejected"
    assert cache.data(QUOTED.tcb) == b"{}"


def _times(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("fetched_at", "issued_at", "expires_at", "issuer_chain")}


def test_expired_contents_are_asked_for_again(server: VendorServer, cache: Cache, downloader: Downloader) -> None:
    server.answers |= honest()
    fetched(server, cache, downloader)
    server.asked.clear()
    kept = cache.entry(QUOTED.tcb)
    assert kept is not None
    cache.write(entry_of(kept.name, kept.url, b"{}", **(_times(kept) | {"issued_at": 0, "expires_at": AT - 1})), b"{}")
    fetched(server, cache, downloader)
    assert server.asked == [PATHS[3]]


KILLED = """
import sys
from tests.collateral.published import bare_evidence, services_at
from tests.collateral.test_checks import AT, ROW
from zkseal.collateral import Cache, Downloader, fetch_collateral
from zkseal.tee import pinned_roots
from pathlib import Path

url, authority, folder = sys.argv[1:]
downloader = Downloader([url], authorities=authority)
print("ready", flush=True)
while True:
    fetch_collateral(
        bare_evidence(ROW), Cache(Path(folder)), downloader, roots=pinned_roots(), now=AT,
        services=services_at(url), max_age_s=0,
    )
"""


def test_a_fetcher_that_is_killed_leaves_whole_entries(
    server: VendorServer, downloader: Downloader, tmp_path: Path
) -> None:
    """kill -9 at three moments, while it writes the same four entries over and over. The next run goes on."""
    server.answers |= honest()
    folder = tmp_path / "collateral"
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    for moment in range(3):
        command = [sys.executable, "-c", KILLED, server.url, str(server.authority), str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05 + 0.11 * moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        cache = Cache(folder)
        for name in ("intel/root-crl", QUOTED.pck_list, QUOTED.identity, QUOTED.tcb):
            cache.data(name)  # raises for half an entry, or one without its content
    fetched(server, Cache(folder), downloader)
    evidence, missing = completed(bare_evidence(ROW), Cache(folder), roots=pinned_roots(), now=AT)
    assert missing == []
    assert appraise_evidence(evidence, load_policy("evidence-only"), now=AT)


def test_services_of_one_host_are_asked_there_alone(server: VendorServer, cache: Cache) -> None:
    """With a PCCS named, Intel's own hosts are not asked, not even for the list of the root."""
    server.answers |= honest() | {PATHS[0]: Answer(status=404)}
    downloader = Downloader([server.url], authorities=str(server.authority), pause=lambda seconds: None)
    assert fetched(server, cache, downloader, services=services_at(server.url))["intel/root-crl"] == "VendorRefused"
