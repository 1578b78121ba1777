"""Tenants: names, quotas, deletion after which nothing can be read, another master key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.service.core.worlds import World, request

from zkseal.errors import (
    ApiKeyRejected,
    DecryptionFailed,
    InvalidParameters,
    JobConflict,
    MasterKeyRejected,
    NameTaken,
    NotFound,
    QuotaExceeded,
)
from zkseal.service import api_keys, jobs, models, tenants
from zkseal.service.artifacts import Vault
from zkseal.service.at_rest import DataKey, MasterKey, MasterKeys, Place
from zkseal.service.database.tables import artifacts, metadata
from zkseal.service.database.tables import jobs as jobs_table
from zkseal.service.database.tables import tenants as table
from zkseal.service.tenants import Quotas


def test_a_tenant_is_found_by_name_and_identifier(vault: Vault) -> None:
    made = tenants.create(vault, "acme", Quotas(max_models=3))
    assert tenants.find(vault.database, "acme") == made == tenants.find(vault.database, made.id)
    assert tenants.list_all(vault.database) == [made]
    changed = tenants.set_quotas(vault.database, "acme", Quotas(max_models=4))
    assert changed == replace(made, quotas=Quotas(max_models=4)) == tenants.find(vault.database, "acme")


def test_names_are_taken_once_and_have_a_form(vault: Vault) -> None:
    tenants.create(vault, "acme")
    with pytest.raises(NameTaken):
        tenants.create(vault, "acme")
    for name in ("", " acme", "a" * 65, "acme\n", "a/b", "ten;drop", "ä"):
        with pytest.raises(InvalidParameters):
            tenants.create(vault, name)
    with pytest.raises(InvalidParameters):
        Quotas(max_models=-1)


def test_no_name_reads_as_the_identifier_of_another_tenant_or_stands_in_its_way(vault: Vault) -> None:
    made = tenants.create(vault, "acme")
    for name in (made.id, f"deleted {made.id}"):
        with pytest.raises(InvalidParameters):
            tenants.create(vault, name)
    tenants.delete_tenant(vault, "acme")


def test_of_many_that_take_a_name_at_once_one_gets_it(vault: Vault) -> None:
    def create(_: int) -> bool:
        try:
            tenants.create(vault, "acme")
        except NameTaken:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(create, range(6))).count(True) == 1


def test_each_tenant_has_a_key_of_its_own(vault: Vault) -> None:
    first, second = tenants.create(vault, "first"), tenants.create(vault, "second")
    place = Place(first.id, "inputs", "art_1")
    sealed = vault.data_key(first.id).seal(b"secret", place)
    assert vault.data_key(first.id).open(sealed, place) == b"secret"
    with pytest.raises(DecryptionFailed):
        vault.data_key(second.id).open(sealed, place)


def test_a_sealed_data_key_that_is_moved_to_another_tenant_does_not_open(vault: Vault) -> None:
    first, second = tenants.create(vault, "first"), tenants.create(vault, "second")

    def move(connection):  # type: ignore[no-untyped-def]
        stolen = connection.execute(select(table.c.sealed_data_key).where(table.c.id == first.id)).scalar_one()
        connection.execute(table.update().where(table.c.id == second.id).values(sealed_data_key=stolen))

    vault.database.run(move)
    with pytest.raises(DecryptionFailed):
        vault.data_key(second.id)


def test_a_deleted_tenant_leaves_no_blob_no_row_and_no_key(world: World) -> None:
    vault, tenant = world.vault, world.tenant
    key = api_keys.create(vault.database, tenant.id, "main", ["jobs:read"])
    world.submit(idempotency_key="once")
    world.submit()
    claim = world.claim()[0]
    sealed_key = vault.database.read(lambda c: c.execute(select(table.c.sealed_data_key)).scalar_one())
    tenants.delete_tenant(vault, "acme")
    assert world.blobs() == set()
    with pytest.raises(NotFound):
        vault.data_key(tenant.id)
    with pytest.raises(NotFound):
        tenants.find(vault.database, "acme")
    with pytest.raises(ApiKeyRejected):
        api_keys.authenticate(vault.database, key.text)
    with pytest.raises(NotFound):
        jobs.submit(vault, tenant.id, world.model_id, request())
    assert jobs.beat(vault.database, claim, lease_ms=1000) is jobs.Beat.LOST

    def left(connection):  # type: ignore[no-untyped-def]
        return {n: connection.execute(t.select()).fetchall() for n, t in metadata.tables.items()}

    rows = vault.database.read(left)
    assert not any(rows[name] for name in metadata.tables if name not in ("schema_version", "tenants"))
    assert sealed_key not in rows["tenants"][0]
    if vault.database.path is not None:
        # secure_delete overwrites; the write-ahead log is cut when the last connection closes.
        vault.database.close()
        assert bytes(sealed_key) not in vault.database.path.read_bytes()
    # The name is free, and is another tenant's.
    assert tenants.create(vault, "acme").id != tenant.id


def test_the_files_of_the_database_hold_nothing_of_a_deleted_key(vault: Vault) -> None:
    if (path := vault.database.path) is None:
        pytest.skip("PostgreSQL overwrites when it vacuums")
    made = tenants.create(vault, "acme")
    query = select(table.c.sealed_data_key).where(table.c.id == made.id)
    sealed = bytes(vault.database.read(lambda connection: connection.execute(query).scalar_one()))

    def held() -> list[str]:
        return [file.name for file in path.parent.glob(f"{path.name}*") if sealed in file.read_bytes()]

    assert held()
    tenants.delete_tenant(vault, "acme")
    assert held() == []


def test_what_copies_hold_of_a_deleted_tenant_cannot_be_read(world: World) -> None:
    world.submit()
    row = world.vault.database.read(lambda c: c.execute(select(artifacts).where(artifacts.c.kind == "inputs")).one())
    copy = b"".join(world.vault.store.read(row.blob))
    tenants.delete_tenant(world.vault, "acme")
    other = tenants.create(world.vault, "acme")
    for key in (world.vault.data_key(other.id), DataKey.generate()):
        with pytest.raises(DecryptionFailed):
            key.open(copy, Place(world.tenant.id, "inputs", row.id))


def test_quotas_hold(vault: Vault, key_file: Path) -> None:
    world = World.of(vault, key_file, quotas=Quotas(max_models=1, max_queued_jobs=2, max_running_jobs=1))
    kept = world.blobs()
    with pytest.raises(QuotaExceeded) as raised:
        _register_another(world)
    assert (raised.value.quota, raised.value.limit, raised.value.got) == ("models", 1, 2)
    assert world.blobs() == kept
    world.submit()
    world.submit()
    kept = world.blobs()
    with pytest.raises(QuotaExceeded) as raised:
        world.submit()
    assert raised.value.quota == "queued_jobs"
    assert world.blobs() == kept
    # One runs: there is room for one to wait, but not for a second one to run.
    assert len(world.claim(limit=5)) == 1
    world.submit()
    assert world.claim(limit=5) == []
    used = tenants.usage(vault.database, world.tenant.id)
    assert (used.models, used.queued_jobs, used.running_jobs) == (1, 2, 1)
    tenants.set_quotas(vault.database, world.tenant.id, Quotas(max_stored_bytes=used.stored_bytes + 10))
    with pytest.raises(QuotaExceeded) as raised:
        world.submit()
    assert raised.value.quota == "stored_bytes"


def _register_another(world: World) -> None:
    """A second model: the same program under other blindings, and so another model id."""
    from tests.e2e.small_models import SAMPLES, perceptron

    import zkseal
    from zkseal.files import save_verifying_key

    _, key = zkseal.setup(zkseal.compile(perceptron(), SAMPLES))
    path = world.key_file.with_name("other.zkv")
    save_verifying_key(path, key)
    models.register(world.vault, world.tenant.id, "other", memoryview(path.read_bytes()))


def test_tenants_are_sealed_anew_under_another_master_key(world: World) -> None:
    job = world.submit()
    old = world.vault.master_keys.current
    both = replace(world.vault, master_keys=MasterKeys(MasterKey.generate(), (old,)))
    claim = world.claim()[0]
    assert tenants.seal_anew(both) == 1
    assert tenants.seal_anew(both) == 0
    new_only = replace(world.vault, master_keys=MasterKeys(both.master_keys.current))
    assert jobs.request_of(new_only, claim).context == request().context
    assert job.id == claim.id
    with pytest.raises(MasterKeyRejected):
        world.vault.data_key(world.tenant.id)


def test_a_tenant_sealed_by_a_missing_master_key_is_said_to_be(world: World) -> None:
    stranger = replace(world.vault, master_keys=MasterKeys(MasterKey.generate()))
    with pytest.raises(MasterKeyRejected) as raised:
        stranger.data_key(world.tenant.id)
    assert world.vault.master_keys.current.key_id in raised.value.reason


def test_only_the_owner_sees_jobs_models_and_receipts(world: World, key_file: Path) -> None:
    other = World.of(world.vault, key_file, "other")
    job, database = world.submit(), world.vault.database
    with pytest.raises(NotFound):
        jobs.find(database, other.tenant.id, job.id)
    with pytest.raises(NotFound):
        jobs.cancel(world.vault, other.tenant.id, job.id)
    assert jobs.list_of(database, other.tenant.id) == []
    assert world.job(job.id).state is jobs.State.QUEUED
    artifact = database.read(
        lambda c: c.execute(select(jobs_table.c.input_artifact).where(jobs_table.c.id == job.id)).scalar_one()
    )
    with pytest.raises(NotFound):
        world.vault.read_whole(other.tenant.id, artifact)
    with pytest.raises(JobConflict):
        jobs.delete_job(world.vault, world.tenant.id, job.id)
