"""What the log says of models, least versions and revocations, told again entry by entry and held against the tables.

A decision reads the tables. Who writes them alone, to bring a revoked model back or an old version, would leave no
trace in the log; so a broker does not start on tables that say another thing, and looks again at every decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zkseal.broker.audit import GENESIS, OPENED, Broken, Entry, entry_hash, following
from zkseal.broker.models import fields_of
from zkseal.broker.store import RegisteredModel, Store
from zkseal.errors import LogBroken

__all__ = ["Registry"]

PAGE = 1000


class Registry:
    """State of the models by the log alone, as far as it was followed. Not for several threads at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sequence, self._last = -1, GENESIS
        self._opened: Mapping[str, Any] = {}
        self._models: dict[bytes, Mapping[str, Any]] = {}
        self._revoked: set[bytes] = set()
        self._minimums: dict[str, int] = {}

    def require_tables(self, store: Store) -> None:
        """Reads the log to its end and compares all tables with it; inside `store.reading`.

        Raises:
            LogBroken: an entry does not follow from the one before, or a table says another thing than the log.
        """
        self._follow(store)
        facts = {name: store.fact(name) for name in ("broker", *self._opened)}
        if facts != dict(self._opened):
            raise self._broken("it was opened with other keys, or as another broker, than the database says")
        try:
            models = store.models()
        except ValueError as error:
            raise self._broken(f"the table of models holds what no release writes: {error}") from error
        for model in models:
            self._require(model)
        if len(models) != len(self._models):
            raise self._broken("it has models that the table of models does not have")
        if store.minimums() != self._minimums:
            raise self._broken("the table of least versions says another thing")

    def require_model(self, store: Store, model: RegisteredModel) -> None:
        """Reads what is new in the log and compares what a decision about `model` reads; inside `store.atomically`.

        Raises:
            LogBroken: as `require_tables`.
        """
        self._follow(store)
        self._require(model)
        if store.minimum(model.name) != self._minimums.get(model.name, 0):
            raise self._broken(f"the table of least versions says another thing of {model.name!r}")

    def _require(self, model: RegisteredModel) -> None:
        same = fields_of(model) == self._models.get(model.digest)
        if not same or model.revoked is not (model.digest in self._revoked):
            raise self._broken(f"the table of models says another thing of {model.digest.hex()}")

    def _follow(self, store: Store) -> None:
        if self._sequence >= 0 and store.entry_hash(self._sequence) != self._last:
            raise self._broken("the log was cut or replaced since it was read")
        for data, stored in _rows(store, self._sequence):
            entry = following(data, stored, self._sequence + 1, self._last)
            if isinstance(entry, Broken):
                raise self._broken(entry.reason, entry.sequence)
            try:
                self._take(entry)
            except (KeyError, TypeError, ValueError) as error:
                raise self._broken(f"an entry {entry.kind!r} is none: {error!r}", entry.sequence) from error
            self._sequence, self._last = entry.sequence, entry_hash(data)
        if self._sequence < 0:
            raise self._broken("the log does not begin with the opening of a broker", 0)

    def _take(self, entry: Entry) -> None:
        """What an entry changes. Raises KeyError, TypeError or ValueError for one that no broker writes."""
        fields = entry.fields
        if (entry.kind == OPENED) is not (entry.sequence == 0):
            raise ValueError("a broker is opened once, at first")
        match entry.kind:
            case "opened":
                self._opened = fields
            case "model_added":
                if fields["model"] in self._models:
                    raise ValueError("the model is there already")
                self._models[fields["model"]] = fields
            case "minimum_raised":
                if not self._minimums.get(fields["name"], 0) < fields["version"]:
                    raise ValueError("least versions only grow")
                self._minimums[fields["name"]] = fields["version"]
            case "model_revoked":
                if fields["model"] not in self._models or fields["model"] in self._revoked:
                    raise ValueError("no such model, or revoked already")
                self._revoked.add(fields["model"])

    def _broken(self, reason: str, sequence: int | None = None) -> LogBroken:
        place = self._sequence if sequence is None else sequence
        text = (
            f"The audit log of '{self._path}' and its tables do not hang together at entry {place}: {reason}. Keep the "
            "file as it is, and restore a copy that its checkpoints know."
        )
        return LogBroken(text, path=str(self._path), sequence=place, reason=reason)


def _rows(store: Store, after: int) -> Iterator[tuple[bytes, bytes]]:
    """Encodings and hashes beyond a sequence, by pages: a long log need not fit into memory."""
    while page := store.log_rows(after, PAGE):
        yield from page
        after += len(page)
