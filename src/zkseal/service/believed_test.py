"""What is believed, and for how long it takes room."""

from __future__ import annotations

from zkseal.service.believed import BELIEVED_S, Believed


def test_what_is_believed_no_more_takes_no_room() -> None:
    now = 0.0
    believed: Believed[str] = Believed(lambda: now)
    for number in range(20):
        believed.put(str(number), "large")
        now += BELIEVED_S / 2
    assert believed.get("19") == "large"
    assert believed.get("17") is None
    assert len(believed) == 2
