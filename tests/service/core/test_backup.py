"""A backup that is restored has every receipt and every job; without the master key it is noise."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.service.core.test_jobs import answer
from tests.service.core.worlds import World
from tests.service.core.worlds import request as asked
from tests.service.postgres import PROGRAMS, PostgresServer

from zkseal.errors import FileUnavailable, MasterKeyRejected
from zkseal.receipts import cbor
from zkseal.service import jobs, tenants
from zkseal.service.artifacts import Vault, open_store
from zkseal.service.artifacts.vault import HOLD
from zkseal.service.at_rest import MasterKey, MasterKeys
from zkseal.service.backup import back_up
from zkseal.service.database import Database
from zkseal.service.database.tables import artifacts, facts


@pytest.fixture(autouse=True)
def pg_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(PROGRAMS), prepend=":")


def restored(folder: Path, target: Path, request: pytest.FixtureRequest, stack: list[object]) -> Vault:
    """What the guide says: database and artifacts in their places, the master key from elsewhere."""
    shutil.copytree(folder / "artifacts", target / "artifacts")
    said = json.loads((folder / "backup.json").read_text())
    if said["database"] == "database.sqlite":
        shutil.copy(folder / "database.sqlite", target / "service.sqlite")
        url = f"sqlite:///{target / 'service.sqlite'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        made = server.database()
        url = made.__enter__()
        stack.append(made)
        command = [PROGRAMS / "pg_restore", "--no-owner", f"--dbname={url}", folder / "database.dump"]
        subprocess.run(command, check=True, capture_output=True)
    return Vault(Database.open(url), open_store(str(target / "artifacts")), MasterKeys(MasterKey.generate()))


def test_a_restored_backup_has_everything(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    waiting = world.submit(1)
    job = world.submit()
    claims = {claim.id: claim for claim in world.claim(limit=2, lease_ms=1)}
    assert jobs.succeed(world.vault, claims[job.id], answer(world))
    made = back_up(world.vault, tmp_path / "backup")
    assert (made.blobs, made.copied) == (len(world.blobs()), len(world.blobs()))
    (tmp_path / "new").mkdir()
    stack: list[object] = []
    stranger = restored(tmp_path / "backup", tmp_path / "new", request, stack)
    with pytest.raises(MasterKeyRejected):
        jobs.receipt(stranger, world.tenant.id, "d" * 64)
    back = replace(stranger, master_keys=world.vault.master_keys)
    assert jobs.receipt(back, world.tenant.id, "d" * 64) == cbor.dumps([])
    there = World(back, tenants.find(back.database, "acme"), world.model_id, world.key_file)
    # The job that was running when the backup was made is begun anew, with its inputs.
    assert jobs.expire(back, retries=jobs.Retries(first_pause_ms=0)) == 1
    (claim,) = there.claim()
    assert claim.id == waiting.id
    assert jobs.request_of(back, claim).encode() == asked(1).encode()
    back.database.close()
    for context in stack:
        context.__exit__(None, None, None)  # type: ignore[attr-defined]


def test_a_second_backup_copies_what_is_new_and_deletes_what_is_gone(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    job = world.submit()
    first = back_up(world.vault, folder)
    assert back_up(world.vault, folder).copied == 0
    jobs.cancel(world.vault, world.tenant.id, job.id)
    world.submit(1)
    second = back_up(world.vault, folder)
    assert (second.copied, second.blobs) == (1, first.blobs)
    names = {path.name for path in (folder / "artifacts").glob("??/*")}
    assert names == world.blobs()


def test_a_backup_under_load_names_no_blob_that_it_lacks(world: World, tmp_path: Path) -> None:
    """Jobs come and go, and blobs are swept, all the time while backups are made."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def churn() -> None:
        try:
            while not stop.is_set():
                job = world.submit()
                jobs.cancel(world.vault, world.tenant.id, job.id)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=churn) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            folder = tmp_path / f"backup{number}"
            back_up(world.vault, folder)
            if world.vault.database.path is not None:
                copy = Database.open(f"sqlite:///{folder / 'database.sqlite'}")
                named = copy.read(lambda c: {row.blob for row in c.execute(artifacts.select())})
                assert named <= {path.name for path in (folder / "artifacts").glob("??/*")}
                copy.close()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    held = world.vault.database.read(lambda c: c.execute(facts.select().where(facts.c.name == HOLD)).fetchall())
    assert held == []


def test_a_backup_holds_no_key_and_nothing_in_the_clear(world: World, tmp_path: Path) -> None:
    marker = b"marked context of a person"
    jobs.submit(world.vault, world.tenant.id, world.model_id, asked(0, marker))
    master = tmp_path / "master.key"
    world.vault.master_keys.current.save(master)
    secret = master.read_text().strip().rpartition(":")[2].encode()
    back_up(world.vault, tmp_path / "backup")
    for path in (tmp_path / "backup").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert marker not in data
            assert secret not in data
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_folder_that_cannot_be_written_is_named(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileUnavailable):
        back_up(world.vault, tmp_path / "file")
