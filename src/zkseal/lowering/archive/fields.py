"""How the value of a field is written and read: by its annotation, and in one way only.

=====================  ===============================================================================
annotation             plain data
=====================  ===============================================================================
int, bool, str         itself; the texts of a `Literal` too
``Integers``           [number of the array, [axis, ..]], read as int64
``Narrow``             the same, read in place
``tuple``              list
``frozenset[str]``     list in ascending order
``Mapping[str, X]``    list of [key, value], in order
``X | None``           None, or as X
a class, a protocol    number of an object that was written before
=====================  ===============================================================================

An object is [number of its class, field, ..]. Equal objects are written once. Nothing else has a form: a field of
another type, a function for one, cannot be stored, and a test of all classes says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from zkseal.errors import InvalidEncoding, ZksealError
from zkseal.lowering.archive.arrays import Arrays, ArrayStore
from zkseal.lowering.archive.classes import class_of
from zkseal.quantize.integers import Integers, Narrow

__all__ = ["Codec", "Reader", "Writer", "codec_of", "codecs_of"]


@dataclass(frozen=True)
class Codec:
    """`write` gives plain data for a value of the type, `read` is its inverse. Both raise `InvalidEncoding`."""

    write: Callable[[Writer, Any], Any]
    read: Callable[[Reader, Any], Any]


class Writer:
    """Objects that were written: `objects` by number, `classes` by number as [name, [field, ..]]."""

    def __init__(self, store: ArrayStore) -> None:
        self.store = store
        self.objects: list[list[Any]] = []
        self.classes: list[list[Any]] = []
        self._class_numbers: dict[type, int] = {}
        self._numbers: dict[str, int] = {}

    def reference(self, thing: Any) -> int:
        """The number of an object, which is written if it was not yet."""
        kind: Any = type(thing)
        plain = [codec.write(self, getattr(thing, name)) for name, codec in codecs_of(kind).items()]
        if kind not in self._class_numbers:
            if class_of(kind.__name__) is not kind:
                raise _refused(f"{kind.__qualname__} is another class than the one of this name")
            self._class_numbers[kind] = len(self.classes)
            self.classes.append([kind.__name__, list(codecs_of(kind))])
        entry = [self._class_numbers[kind], *plain]
        key = repr(entry)
        if key not in self._numbers:
            self._numbers[key] = len(self.objects)
            self.objects.append(entry)
        return self._numbers[key]


class Reader:
    """Objects that were read, by number."""

    def __init__(self, classes: Any, objects: Any, arrays: Arrays) -> None:
        self.arrays = arrays
        self._objects: list[Any] = []
        kinds = [_class_entry(entry) for entry in _list(classes)]
        for entry in _list(objects):
            number, *plain = _list(entry) or [None]
            if type(number) is not int or not 0 <= number < len(kinds):
                raise _refused("an object is of no class")
            self._objects.append(self._made(*kinds[number], plain))

    def _made(self, kind: type, codecs: Mapping[str, Codec], plain: list[Any]) -> Any:
        if len(plain) != len(codecs):
            raise _refused(f"a {kind.__name__} has {len(codecs)} fields, not {len(plain)}")
        values = {name: codec.read(self, item) for (name, codec), item in zip(codecs.items(), plain, strict=True)}
        try:
            return kind(**values)
        except (TypeError, ValueError, OverflowError, ZksealError) as error:
            raise _refused(f"a {kind.__name__} contradicts itself: {error!r}") from error

    def object(self, number: Any, kinds: type | tuple[type, ...]) -> Any:
        """Object `number`, which has to be of one of `kinds`."""
        if type(number) is not int or not 0 <= number < len(self._objects):
            raise _refused("an object is named that was not read before")
        found = self._objects[number]
        if not isinstance(found, kinds):
            raise _refused(f"a {type(found).__name__} stands where another object belongs")
        return found


@cache
def codecs_of(kind: type) -> Mapping[str, Codec]:
    """The codecs of the fields of a dataclass, by name. Raises `InvalidEncoding` if a field has none."""
    if not is_dataclass(kind):
        raise _refused(f"{kind.__name__} is no dataclass")
    hints = get_type_hints(kind)
    return {field.name: codec_of(hints[field.name]) for field in fields(kind)}


@cache
def codec_of(annotation: Any) -> Codec:
    """The codec of a type, as in the table above. Raises `InvalidEncoding` if it has none."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in (int, bool, str):
        return _exactly(lambda value: type(value) is annotation, annotation.__name__)
    if annotation == Integers:
        return Codec(_write_array, lambda reader, plain: reader.arrays.wide(*_pair(plain)))
    if annotation == Narrow:
        return Codec(_write_array, lambda reader, plain: reader.arrays.narrow(*_pair(plain)))
    if origin is Literal:
        return _exactly(lambda value: type(value) is str and value in arguments, str(annotation))
    if origin is tuple:
        return _sequence(codec_of(arguments[0])) if arguments[1:] == (...,) else _row(tuple(map(codec_of, arguments)))
    if origin is frozenset and arguments == (str,):
        return Codec(lambda writer, value: sorted(value), lambda reader, plain: frozenset(_ascending(plain)))
    if origin is Mapping and arguments[0] is str:
        return _mapping(codec_of(arguments[1]))
    if origin in (Union, UnionType):
        return _union(arguments)
    if isinstance(annotation, type):
        return _object(annotation)
    raise _refused(f"a field of type {annotation} has no form")


def _exactly(accepts: Callable[[Any], bool], name: str) -> Codec:
    def check(_: object, value: Any) -> Any:
        if not accepts(value):
            raise _refused(f"{type(value).__name__} where {name} belongs")
        return value

    return Codec(check, check)


def _write_array(writer: Writer, value: Any) -> list[Any]:
    return [writer.store.add(value), list(value.shape)]


def _sequence(item: Codec) -> Codec:
    return Codec(
        lambda writer, value: [item.write(writer, each) for each in _of(tuple, value)],
        lambda reader, plain: tuple(item.read(reader, each) for each in _list(plain)),
    )


def _row(items: tuple[Codec, ...]) -> Codec:
    """A tuple of fixed length."""

    def paired(values: Any) -> Any:
        if len(values) != len(items):
            raise _refused(f"{len(values)} entries where {len(items)} belong")
        return zip(items, values, strict=True)

    return Codec(
        lambda writer, value: [item.write(writer, each) for item, each in paired(_of(tuple, value))],
        lambda reader, plain: tuple(item.read(reader, each) for item, each in paired(_list(plain))),
    )


def _mapping(item: Codec) -> Codec:
    def read(reader: Reader, plain: Any) -> dict[str, Any]:
        pairs = [_pair(pair) for pair in _list(plain)]
        found = {key: item.read(reader, each) for key, each in pairs if type(key) is str}
        if len(found) != len(pairs):
            raise _refused("a key is no text, or repeated")
        return found

    return Codec(lambda writer, value: [[key, item.write(writer, each)] for key, each in value.items()], read)


def _union(members: tuple[Any, ...]) -> Codec:
    rest = tuple(member for member in members if member is not NoneType)
    if len(rest) > 1 and not all(isinstance(member, type) and is_dataclass(member) for member in rest):
        raise _refused(f"a field of one of the types {members} has no form")
    inner = codec_of(rest[0]) if len(rest) == 1 else _object(rest)
    if len(rest) == len(members):
        return inner
    return Codec(
        lambda writer, value: None if value is None else inner.write(writer, value),
        lambda reader, plain: None if plain is None else inner.read(reader, plain),
    )


def _object(kinds: type | tuple[type, ...]) -> Codec:
    return Codec(
        lambda writer, value: writer.reference(_of(kinds, value)), lambda reader, plain: reader.object(plain, kinds)
    )


def _class_entry(entry: Any) -> tuple[type, Mapping[str, Codec]]:
    name, names = _pair(entry)
    kind = class_of(name) if type(name) is str else None
    if kind is None or list(codecs_of(kind)) != names:
        raise _refused(f"the fields of {name!r} are others in this release")
    return kind, codecs_of(kind)


def _of(kinds: type | tuple[type, ...], value: Any) -> Any:
    if not isinstance(value, kinds):
        raise _refused(f"{type(value).__name__} where {kinds} belongs")
    return value


def _list(plain: Any) -> list[Any]:
    if not isinstance(plain, list):
        raise _refused(f"{type(plain).__name__} where a list belongs")
    return plain


def _pair(plain: Any) -> tuple[Any, Any]:
    match plain:
        case [first, second]:
            return first, second
    raise _refused("no pair where one belongs")


def _ascending(plain: Any) -> list[str]:
    texts = _list(plain)
    if any(type(text) is not str for text in texts) or sorted(set(texts)) != texts:
        raise _refused("no texts in ascending order where they belong")
    return texts


def _refused(reason: str) -> InvalidEncoding:
    return InvalidEncoding(f"This is no program of this release: {reason}. Run setup again.", reason="program")
