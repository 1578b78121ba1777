"""API keys authenticate until they expire or are revoked; the database does not hold what authenticates."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select

from zkseal.errors import ApiKeyRejected, InvalidParameters, NotFound, ScopeMissing
from zkseal.service import api_keys, tenants
from zkseal.service.artifacts import Vault
from zkseal.service.database.tables import api_keys as table


@pytest.fixture
def tenant(vault: Vault) -> str:
    return tenants.create(vault, "acme").id


def test_a_key_authenticates_as_its_tenant_with_its_scopes(vault: Vault, tenant: str) -> None:
    made = api_keys.create(vault.database, "acme", "main", ["jobs:read", "jobs:write"])
    found = api_keys.authenticate(vault.database, made.text)
    assert found == made.key
    assert found.tenant == tenant
    found.require("jobs:write")
    with pytest.raises(ScopeMissing) as raised:
        found.require("operator")
    assert raised.value.scope == "operator"


def test_anything_else_is_rejected(vault: Vault, tenant: str) -> None:
    made = api_keys.create(vault.database, "acme", "main", ["jobs:read"])
    other = api_keys.create(vault.database, "acme", "other", ["jobs:read"])
    _, key_id, secret = made.text.split("_")
    wrong = [
        "",
        "zks_",
        made.text[:-1],
        made.text + "a",
        made.text.upper(),
        f"zks_{key_id}_{'a' * 52}",
        f"zks_{'a' * 13}_{secret}",
        f"zks_{other.key.id}_{secret}",
        made.text + "\n",
    ]
    for text in wrong:
        with pytest.raises(ApiKeyRejected):
            api_keys.authenticate(vault.database, text)


def test_the_secret_is_in_no_row_and_no_representation(vault: Vault, tenant: str) -> None:
    made = api_keys.create(vault.database, "acme", "main", ["jobs:read"])
    secret = made.text.split("_")[2]
    row = vault.database.read(lambda connection: connection.execute(select(table)).one())
    assert secret not in repr(row) + repr(made)
    assert secret.encode() not in row.secret_digest


def test_a_revoked_key_is_rejected_at_once(vault: Vault, tenant: str) -> None:
    made = api_keys.create(vault.database, "acme", "main", ["jobs:read"])
    revoked = api_keys.revoke(vault.database, made.key.id)
    assert revoked.revoked_at is not None
    with pytest.raises(ApiKeyRejected):
        api_keys.authenticate(vault.database, made.text)
    assert api_keys.revoke(vault.database, made.key.id) == revoked
    assert api_keys.list_of(vault.database, "acme") == [revoked]
    with pytest.raises(NotFound):
        api_keys.revoke(vault.database, "a" * 13)


def test_a_key_ends_with_its_lifetime(vault: Vault, tenant: str) -> None:
    made = api_keys.create(vault.database, "acme", "main", ["jobs:read"], lifetime_s=1)
    api_keys.authenticate(vault.database, made.text)
    time.sleep(1.1)
    with pytest.raises(ApiKeyRejected):
        api_keys.authenticate(vault.database, made.text)


def test_rotation_gives_a_new_key_and_ends_the_old_one(vault: Vault, tenant: str) -> None:
    old = api_keys.create(vault.database, "acme", "main", ["jobs:read"])
    kept = api_keys.rotate(vault.database, old.key.id, overlap_s=60)
    assert api_keys.authenticate(vault.database, kept.text).scopes == old.key.scopes
    assert api_keys.authenticate(vault.database, old.text).expires_at is not None
    ended = api_keys.rotate(vault.database, kept.key.id)
    api_keys.authenticate(vault.database, ended.text)
    with pytest.raises(ApiKeyRejected):
        api_keys.authenticate(vault.database, kept.text)


def test_rotation_makes_no_lasting_key_of_one_that_expires(vault: Vault, tenant: str) -> None:
    old = api_keys.create(vault.database, "acme", "main", ["jobs:read"], lifetime_s=100)
    new = api_keys.rotate(vault.database, old.key.id).key
    assert new.expires_at is not None
    assert new.expires_at - new.created_at == 100_000


def test_scopes_and_lifetimes_that_are_none_are_refused(vault: Vault, tenant: str) -> None:
    for scopes, lifetime_s in ((["root"], None), ([], None), (["jobs:read"], 0), (["jobs:read"], -5)):
        with pytest.raises(InvalidParameters):
            api_keys.create(vault.database, "acme", "main", scopes, lifetime_s=lifetime_s)
    with pytest.raises(NotFound):
        api_keys.create(vault.database, "nobody", "main", ["jobs:read"])
