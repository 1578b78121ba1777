"""Encryption at rest: what the service keeps for a tenant opens under that tenant's key, in its own place only.

=============  ==================================================================================
`sealing`      `DataKey`: messages that are bound to a `Place`
`master_keys`  `MasterKey`, which seals the tenants' keys; its files, and its exchange
=============  ==================================================================================

Every tenant has a data key. It stands in the database, sealed by the service's master key, which stands in a file of
mode 0600 (or an environment variable) and in no backup. Without the master key a copy of database and artifacts is
noise; what belongs to a tenant whose sealed data key is deleted is noise even to us.
"""

from zkseal.service.at_rest.master_keys import MasterKey, MasterKeys
from zkseal.service.at_rest.sealing import DataKey, Place

__all__ = ["DataKey", "MasterKey", "MasterKeys", "Place"]
