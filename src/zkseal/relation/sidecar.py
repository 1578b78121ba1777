"""What the canonical bytes leave out, as plain data for a file: names, origins, order, limb recipe.

Fixed contents are arrays and travel apart from it. None of this is bound by the relation digest: a wrong sidecar can
spoil messages and witness generation, never a verification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from zkseal.relation.encoding import decode
from zkseal.relation.expressions import invalid
from zkseal.relation.relation import DerivedRange, Names, Origins, Relation, Values

__all__ = ["restore", "sidecar"]


def sidecar(relation: Relation) -> dict[str, Any]:
    """Lists, texts and integers only; a key for each field."""
    return {
        "names": {field.name: list(getattr(relation.names, field.name)) for field in fields(Names)},
        "origins": {field.name: list(getattr(relation.origins, field.name)) for field in fields(Origins)},
        "derived": [[d.lookup, list(d.limbs), d.limb_bits] for d in relation.derived],
        "order": [[kind, index] for kind, index in relation.order],
        "limb_bits": relation.limb_bits,
    }


def restore(data: bytes, extra: Mapping[str, Any], fixed: Values) -> Relation:
    """Decodes `data` and puts the sidecar `extra` and the contents `fixed` back. Raises `InvalidRelation`."""
    relation = decode(data)
    try:
        names = Names(**{field.name: _texts(extra["names"][field.name]) for field in fields(Names)})
        origins = Origins(**{field.name: _texts(extra["origins"][field.name]) for field in fields(Origins)})
        derived = tuple(DerivedRange(int(k), tuple(map(int, limbs)), int(w)) for k, limbs, w in extra["derived"])
        order = tuple((str(kind), int(index)) for kind, index in extra["order"])
        limb_bits = int(extra["limb_bits"])
    except (KeyError, TypeError, ValueError) as error:
        raise invalid(f"The sidecar of the relation is damaged: {error!r}.") from None
    _require_lengths(relation, names, origins)
    if sorted(order) != sorted(relation.order):
        raise invalid("The sidecar of the relation lists other constraints than the relation has.")
    for part in derived:
        tensors = range(len(relation.tensors))
        if part.lookup not in range(len(relation.lookups)) or any(limb not in tensors for limb in part.limbs):
            raise invalid("The sidecar of the relation derives limbs of a lookup that does not exist.")
    return replace(
        relation, names=names, origins=origins, fixed=dict(fixed), derived=derived, order=order, limb_bits=limb_bits
    )


def _texts(items: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(item) for item in items)


def _require_lengths(relation: Relation, names: Names, origins: Origins) -> None:
    for part in (*fields(Names), *fields(Origins)):
        expected = len(getattr(relation, part.name))
        for group in (names, origins):
            if hasattr(group, part.name) and len(getattr(group, part.name)) != expected:
                raise invalid(f"The sidecar of the relation does not name its {expected} {part.name}.")
    if len(set(names.tensors)) != len(names.tensors):
        raise invalid("The sidecar of the relation gives two tensors one name.")
