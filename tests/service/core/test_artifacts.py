"""Stores keep blobs whole or not at all; the vault has no row without its blob, and leaves no blob without a row."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.service.core.worlds import World
from tests.service.s3 import ACCESS, SECRET, S3Server, require_program

from zkseal.errors import DecryptionFailed, DigestMismatch, FileUnavailable, NotFound, OutOfDisk, StorageUnavailable
from zkseal.service import tenants
from zkseal.service.artifacts import ArtifactStore, Vault, open_store
from zkseal.service.artifacts.vault import HOLD
from zkseal.service.database.tables import artifacts, doomed_blobs, facts


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    require_program()
    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server
    server.kill()


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArtifactStore:
    if request.param == "directory":
        return open_store(str(tmp_path / "blobs"), create=True)
    server: S3Server = request.getfixturevalue("s3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    return open_store(server.url(tmp_path.name))


@pytest.mark.parametrize("size", [0, 1, 3 << 20, 20 << 20])
def test_a_blob_comes_back_under_the_digest_of_its_bytes(store: ArtifactStore, size: int) -> None:
    data = os.urandom(size)
    blob = store.put(data[i : i + 100_000] for i in range(0, size, 100_000))
    assert (blob.name, blob.bytes) == (hashlib.sha256(data).hexdigest(), size)
    assert b"".join(store.read(blob.name)) == data
    assert store.put([data]) == blob
    assert list(store.names(older_than_s=0)) == [blob.name]


def test_a_deleted_blob_is_not_found_and_may_be_deleted_again(store: ArtifactStore) -> None:
    blob = store.put([b"x"])
    store.delete(blob.name)
    store.delete(blob.name)
    with pytest.raises(NotFound):
        list(store.read(blob.name))
    assert list(store.names(older_than_s=0)) == []


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 65, "a" * 63 + "/"])
def test_what_is_no_name_of_a_blob_is_not_found(store: ArtifactStore, name: str) -> None:
    with pytest.raises(NotFound):
        list(store.read(name))
    with pytest.raises(NotFound):
        store.delete(name)


def test_young_blobs_are_told_from_old_ones(store: ArtifactStore) -> None:
    store.put([b"young"])
    assert list(store.names(older_than_s=3600)) == []


def test_a_writer_that_fails_leaves_nothing(store: ArtifactStore) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise KeyError

    with pytest.raises(KeyError):
        store.put(chunks())
    assert list(store.names(older_than_s=0)) == []
    store.clean(older_than_s=0)


def test_many_writers_of_one_blob_leave_it_whole(store: ArtifactStore) -> None:
    data = os.urandom(1 << 20)
    threads = [threading.Thread(target=store.put, args=([data],)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert b"".join(store.read(hashlib.sha256(data).hexdigest())) == data


def test_a_changed_blob_is_noticed(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "blobs"), create=True)
    blob = store.put([b"as it was"])
    path = tmp_path / "blobs" / blob.name[:2] / blob.name
    path.write_bytes(b"as it is")
    with pytest.raises(DigestMismatch):
        list(store.read(blob.name))


def test_half_written_blobs_of_dead_writers_are_cleaned_up(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "blobs"), create=True)
    left = tmp_path / "blobs" / "incoming" / "left"
    left.write_bytes(b"half")
    store.clean(older_than_s=3600)
    assert left.exists()
    store.clean(older_than_s=0)
    assert not left.exists()


def test_a_full_disk_is_said_to_be_full_and_nothing_is_left(tmp_path: Path) -> None:
    """A process that may write files of 64 KiB at most: the system refuses as it does when the disk is full."""
    program = f"""
import resource, signal, sys
from zkseal.errors import OutOfDisk
from zkseal.service.artifacts import open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store({str(tmp_path / "blobs")!r}, create=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    store.put([bytes(50_000)] * 4)
except OutOfDisk:
    sys.exit(7)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 7
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailable):
        open_store(str(tmp_path / "none"))


def test_an_s3_store_that_is_not_there_or_not_ours_is_said_to_be(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StorageUnavailable) as raised:
        open_store(s3.url("x"))
    assert "wrong" not in str(raised.value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with pytest.raises(StorageUnavailable):
        open_store(f"s3://no-such-bucket/x?endpoint={s3.endpoint}&region=us-east-1")
    for url in ("s3://key:secret@bucket/x", "s3://bucket?secret=x", "s3://", "ftp://somewhere"):
        with pytest.raises(StorageUnavailable):
            open_store(url)


# The vault. -----------------------------------------------------------------------------------------------------------


def test_artifacts_are_sealed_and_read_by_their_tenant(world: World) -> None:
    vault, tenant = world.vault, world.tenant.id
    artifact = vault.write(tenant, "inputs", [b"marked ", b"input"])
    vault.database.run(lambda connection: vault.record(connection, artifact))
    assert vault.read_whole(tenant, artifact.name) == b"marked input"
    assert b"marked" not in b"".join(vault.store.read(artifact.blob))


def test_an_artifact_whose_blob_is_exchanged_for_another_does_not_open(world: World) -> None:
    vault, tenant = world.vault, world.tenant.id
    first, second = (vault.write(tenant, "inputs", [text]) for text in (b"one", b"two"))
    for artifact in (first, second):
        vault.database.run(lambda connection, a=artifact: vault.record(connection, a))
    swap = artifacts.update().where(artifacts.c.id == first.name).values(blob=second.blob)
    vault.database.run(lambda connection: connection.execute(swap))
    with pytest.raises(DecryptionFailed):
        vault.read_whole(tenant, first.name)


def test_blobs_without_rows_are_collected_when_they_are_old_and_others_stay(world: World) -> None:
    vault, tenant = world.vault, world.tenant.id
    kept = world.blobs()
    vault.write(tenant, "inputs", [b"left by a process that died"])
    assert vault.collect_orphans(older_than_s=3600) == 0
    assert vault.collect_orphans(older_than_s=0) == 1
    assert world.blobs() == kept


def test_doomed_blobs_are_deleted_even_if_the_first_sweep_died(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    vault, tenant = world.vault, world.tenant.id
    kept = world.blobs()
    artifact = vault.write(tenant, "inputs", [b"x"])
    vault.database.run(lambda connection: vault.record(connection, artifact))
    vault.database.run(lambda connection: vault.doom(connection, [artifact.name, None]))

    def dies(self, name: str) -> None:  # type: ignore[no-untyped-def]
        raise StorageUnavailable("gone", store="artifacts", reason="gone")

    with monkeypatch.context() as patched:
        patched.setattr(type(vault.store), "delete", dies)
        with pytest.raises(StorageUnavailable):
            vault.sweep()
        vault.sweep_quietly()
    assert vault.sweep() == 1
    assert world.blobs() == kept
    assert vault.database.read(lambda c: c.execute(doomed_blobs.select()).fetchall()) == []


def test_nothing_is_deleted_while_blobs_are_held(world: World) -> None:
    vault = world.vault
    kept = world.blobs()
    vault.write(world.tenant.id, "inputs", [b"orphan"])
    far = facts.insert().values(name=HOLD, value=str(1 << 60))
    vault.database.run(lambda connection: connection.execute(far))
    tenants.delete_tenant(vault, "acme")
    assert vault.collect_orphans(older_than_s=0) == 0
    assert kept < world.blobs()
    vault.database.run(lambda connection: connection.execute(facts.update().values(value="1")))
    vault.sweep()
    vault.collect_orphans(older_than_s=0)
    assert world.blobs() == set()


def test_a_vault_over_s3_works_like_one_over_a_folder(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vault: Vault, key_file: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    over_s3 = Vault(vault.database, open_store(s3.url(tmp_path.name)), vault.master_keys)
    world = World.of(over_s3, key_file)
    world.submit()
    (claim,) = world.claim()
    assert over_s3.read_whole(world.tenant.id, claim.proving_key_artifact or "") == key_file.read_bytes()
    tenants.delete_tenant(over_s3, "acme")
    assert world.blobs() == set()


def test_an_s3_server_that_is_gone_passes(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = open_store(s3.url(tmp_path.name))
    blob = store.put([b"x"])
    s3.kill()
    try:
        for ask in (lambda: store.put([b"y"]), lambda: list(store.read(blob.name)), store.check):
            with pytest.raises(StorageUnavailable):
                ask()
    finally:
        s3.start()
    assert b"".join(store.read(blob.name)) == b"x"


def test_out_of_disk_is_an_error_of_its_own_for_models(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self, chunks):  # type: ignore[no-untyped-def]
        raise OutOfDisk("full", path="x")

    monkeypatch.setattr(type(world.vault.store), "put", full)
    with pytest.raises(OutOfDisk):
        world.submit()
    assert world.claim() == []
