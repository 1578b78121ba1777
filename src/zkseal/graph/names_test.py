from __future__ import annotations

from zkseal.graph.names import fresh_name


def test_a_free_name_is_taken_as_it_is() -> None:
    assert fresh_name("y", {"x"}) == "y"
    assert fresh_name("y") == "y"


def test_a_fresh_name_is_in_none_of_the_collections() -> None:
    assert fresh_name("y", {"y"}, {"y_1": 0}, ["y_2"]) == "y_3"
