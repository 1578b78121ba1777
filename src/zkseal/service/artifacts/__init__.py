"""Artifacts: large things that the service keeps, sealed, in a content-addressed store.

===========  =====================================================================================
`store`      `ArtifactStore`: put, read, delete by digest; `open_store` by URL
`directory`  a folder of this machine
`s3`         a bucket of anything that speaks S3
`vault`      `Vault`: artifacts of tenants, sealed on the way in, with their rows in the database
===========  =====================================================================================

A blob is written before the row that names it, and the row is deleted before the blob: what a crash leaves over is a
blob that nobody names, and `Vault` collects those.
"""

from zkseal.service.artifacts.store import ArtifactStore, Blob, open_store
from zkseal.service.artifacts.vault import Artifact, Vault

__all__ = ["Artifact", "ArtifactStore", "Blob", "Vault", "open_store"]
