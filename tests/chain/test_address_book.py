"""The address book: whole or unchanged, and believed only while the code is there."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from zkseal.chain.address_book import AddressBook, Entry
from zkseal.chain.local import local_signer
from zkseal.errors import FileUnavailable, InvalidEncoding, UnknownVersion

ADDRESS = local_signer(0).address


def test_entries_are_kept_by_chain(tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book.json")
    assert book.entries(1) == {}
    book.write(1, "A", Entry(ADDRESS, "0x01", "0x02", 7))
    book.write(2, "A", Entry(ADDRESS, "0x03"))
    assert book.entry(1, "A") == Entry(ADDRESS, "0x01", "0x02", 7)
    assert book.entry(2, "A") == Entry(ADDRESS, "0x03")
    assert book.entry(3, "A") is None


def test_writers_do_not_lose_each_others_entries(tmp_path: Path) -> None:
    book = AddressBook(tmp_path / "book.json")

    def write(start: int) -> None:
        for number in range(start, start + 10):
            book.write(1, f"C{number}", Entry(ADDRESS, hex(number)))

    threads = [threading.Thread(target=write, args=(10 * index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(book.entries(1)) == 40


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": "zkseal addresses v1"}', '{"format": "zkseal addresses v1", "chains": {"1": 5}}']
)
def test_another_file_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "book.json"
    path.write_text(text)
    with pytest.raises(InvalidEncoding):
        AddressBook(path).write(1, "A", Entry(ADDRESS, "0x01"))
    assert path.read_text() == text


@pytest.mark.parametrize("entry", [{}, {"address": "0x12", "transaction": "0x"}, {"address": ADDRESS, "more": 1}, 5])
def test_a_damaged_entry(tmp_path: Path, entry: object) -> None:
    path = tmp_path / "book.json"
    path.write_text(json.dumps({"format": "zkseal addresses v1", "chains": {"1": {"A": entry}}}))
    with pytest.raises(InvalidEncoding):
        AddressBook(path).entry(1, "A")


def test_another_format(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_text('{"format": "zkseal addresses v9", "chains": {}}')
    with pytest.raises(UnknownVersion):
        AddressBook(path).entries(1)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailable):
        AddressBook(tmp_path / "absent" / "book.json").write(1, "A", Entry(ADDRESS, "0x01"))
    with pytest.raises(FileUnavailable):
        AddressBook(tmp_path).entries(1)
