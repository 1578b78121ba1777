from __future__ import annotations

import numpy as np
import pytest

from bench.models import SUBJECTS, ZOO
from bench.run import SMALL
from bench.stage import ROOT
from bench.targets import TARGETS


def test_every_model_of_the_zoo_and_every_target_is_measured() -> None:
    from zkseal import zoo

    assert set(ZOO) == set(zoo.MODELS)
    assert set(ZOO) | set(TARGETS) <= set(SUBJECTS)


def test_the_small_form_has_nothing_large() -> None:
    assert not any(SUBJECTS[name].large for name in SMALL)


def test_large_models_are_proved_fewer_times() -> None:
    assert [SUBJECTS[name].counted(5) for name in ("mlp_credit", "gpt2", "vgg")] == [5, 3, 1]
    assert SUBJECTS["gpt2"].counted(1) == 1


def test_batches_are_whole() -> None:
    subject = SUBJECTS["mlp_credit_64"]
    assert subject.batch == 64
    data = subject.data()
    assert len(data.held_out) == 960
    np.testing.assert_array_equal(data.held_out, SUBJECTS["mlp_credit"].data().held_out[:960])


@pytest.mark.parametrize(("name", "shape"), [("mnist_mlp", (784,)), ("trees", (20,)), ("nanogpt", (64,))])
def test_held_out_rows_are_new_and_always_the_same(name: str, shape: tuple[int, ...]) -> None:
    subject = SUBJECTS[name]
    if not subject.available:
        pytest.skip(f"{subject.package} is not installed")
    first, second = subject.data(), subject.data()
    np.testing.assert_array_equal(first.held_out, second.held_out)
    assert first.calibration.shape[1:] == first.held_out.shape[1:] == shape
    assert len(first.held_out) >= 6
    assert not {row.tobytes() for row in first.calibration} & {row.tobytes() for row in first.held_out}


def test_the_forest_is_what_its_title_says() -> None:
    pytest.importorskip("xgboost")
    trees = SUBJECTS["trees"].data().model.get_booster().get_dump()
    assert len(trees) == 100
    # A line of the dump is a node, indented by its depth.
    assert max(len(line) - len(line.lstrip("\t")) for tree in trees for line in tree.splitlines()) == 6


def test_every_real_network_is_measured_by_make_bench() -> None:
    from tests.networks.catalogue import NETWORKS

    line = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("OTHER_NETWORKS :="))
    rows = {"minilm", "gpt2-shape", "brain-mri-vgg16"}
    assert {*line.partition(":=")[2].split()} == set(NETWORKS) - rows
