"""Verifying keys for whoever knows the model id: it is their digest, so that nobody can be given a wrong one."""

from __future__ import annotations

from sqlalchemy import select

from zkseal.errors import NotFound
from zkseal.service import models
from zkseal.service.artifacts import Vault
from zkseal.service.database import tables

__all__ = ["verifying_key_of_any"]


def verifying_key_of_any(vault: Vault, model_id: str) -> bytes:
    """The bytes of a verifying key, by whichever tenant it was registered first. Raises `NotFound`."""
    mine = tables.models
    query = select(mine.c.tenant_id).where(mine.c.model_id == model_id).order_by(mine.c.created_at).limit(1)
    tenant = vault.database.read(lambda connection: connection.execute(query).scalar_one_or_none())
    if tenant is None:
        raise NotFound("There is no such model here.", kind="model", name=None)
    return models.verifying_key(vault, tenant, model_id)
