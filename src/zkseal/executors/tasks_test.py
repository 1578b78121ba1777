"""What the coordinator takes for a result: an honest answer, and nothing that differs from it in anything."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal import files, pipeline
from zkseal.conftest import tiny_graph
from zkseal.errors import ProofRejected, ZksealError
from zkseal.executors.answers import Answers
from zkseal.executors.key_files import KeyFile, LoadedKey
from zkseal.executors.tasks import ProveTask
from zkseal.lowering import Visibility
from zkseal.receipts import DevTeeEvidence, Receipt

pytestmark = pytest.mark.native

Array = npt.NDArray[np.float32]
HERMEZ = Path(__file__).resolve().parents[3] / "crates/zkseal-srs/fixtures/powersOfTau28_hez_final_09.ptau"
FORMS = list(product(["private", "public"], repeat=2))


def answered(task: ProveTask, key: LoadedKey, **changes: Any) -> dict[str, Any]:
    """What an honest worker answers to a question, or to a changed one."""
    question = {**task.question(key), "key": task.key.digest, "path": str(task.key.path), **changes}
    return Answers(1).answer(question, lambda stage, share: None)


@pytest.fixture(scope="module", params=FORMS, ids="-".join)
def key(request: pytest.FixtureRequest, samples: Array, tmp_path_factory: pytest.TempPathFactory) -> KeyFile:
    """Of the tiny model, with every combination of what is hidden."""
    inputs, outputs = request.param
    return key_of(tmp_path_factory.mktemp("key"), samples, inputs, outputs)


def key_of(folder: Path, samples: Array, inputs: Visibility, outputs: Visibility) -> KeyFile:
    proving_key, _ = pipeline.setup(pipeline.compile(tiny_graph(), samples, inputs=inputs, outputs=outputs))
    files.save_proving_key(folder / "model.zkp", proving_key)
    return KeyFile.of(folder / "model.zkp")


def test_an_honest_answer_is_what_prove_returns(key: KeyFile, samples: Array) -> None:
    task, loaded = ProveTask(key, samples[0], b"c"), LoadedKey.read(key)
    result = task.accept(answered(task, loaded), loaded)
    expected = pipeline.answer(files.load_proving_key(key.path), samples[0], context=b"c")
    assert np.array_equal(result.outputs["y"], expected.outputs["y"])
    assert result.outputs["y"].dtype == expected.outputs["y"].dtype
    pipeline.verify(result.receipt, loaded.verifying_key, context=b"c")


def test_a_good_proof_of_something_else_is_refused(key: KeyFile, samples: Array) -> None:
    task, loaded = ProveTask(key, samples[0], b"c"), LoadedKey.read(key)
    other = ProveTask(key, samples[1], b"c")
    for answer in (answered(other, loaded), answered(task, loaded, context=b"d")):
        with pytest.raises(ProofRejected):
            task.accept(answer, loaded)


def test_an_input_that_differs_in_one_step_is_another_input(key: KeyFile, samples: Array) -> None:
    loaded = LoadedKey.read(key)
    port = loaded.interface.inputs[0]
    near = samples[:1].astype(np.float64)
    near[0, 3] += port.step
    task = ProveTask(key, samples[0])
    with pytest.raises(ProofRejected):
        task.accept(answered(ProveTask(key, near), loaded), loaded)


def test_every_part_of_an_answer_counts(key: KeyFile, samples: Array) -> None:
    task, loaded = ProveTask(key, samples[0], b"c"), LoadedKey.read(key)
    good, other = answered(task, loaded), answered(task, loaded)
    receipt = Receipt.from_cbor(good["receipt"])
    more = replace(receipt, evidence=(*receipt.evidence, DevTeeEvidence(b"", b"")))
    wrong: list[Any] = [
        {},
        None,
        {**good, "outputs": {}},
        {**good, "receipt": good["receipt"][:-1]},
        {**good, "receipt": more.to_cbor()},
        {**good, "opening": {**good["opening"], "model": bytes(32)}},
        {**good, "opening": {**good["opening"], "powers": b"x"}},
    ]
    if good["opening"] != other["opening"]:
        wrong += [
            {**good, "opening": other["opening"]},
            {**good, "opening": {**good["opening"], "input": None, "output": None}},
        ]
        wrong += [{**good, "opening": renumbered(good["opening"], index)} for index in (-1, 99, 1 << 63)]
    for answer in wrong:
        with pytest.raises(ZksealError):
            task.accept(answer, loaded)
    task.accept(good, loaded)


def renumbered(opening: dict[str, Any], index: int) -> dict[str, Any]:
    """The opening with its first tensor under another index."""
    name = next(name for name in ("input", "output") if opening[name] is not None)
    (_, first), *others = opening[name]["tensors"]
    return {**opening, name: {**opening[name], "tensors": [[index, first], *others]}}


def test_commitments_are_those_of_the_opening_that_was_given(samples: Array, tmp_path: Path) -> None:
    key = key_of(tmp_path, samples, "private", "private")
    loaded = LoadedKey.read(key)
    opening = pipeline.answer(files.load_proving_key(key.path), samples[0]).opening
    task = ProveTask(key, samples[0], opening=opening)
    task.accept(answered(task, loaded), loaded)
    with pytest.raises(ProofRejected):
        task.accept(answered(task, loaded, opening=None), loaded)


def test_a_key_with_a_ceremony_is_accepted_as_its_owner_chose_it(samples: Array, tmp_path: Path) -> None:
    srs = files.load_srs(HERMEZ)
    model = pipeline.compile(tiny_graph(), samples)
    files.save_proving_key(tmp_path / "model.zkp", pipeline.setup(model, srs=srs)[0])
    task = ProveTask(KeyFile.of(tmp_path / "model.zkp"), samples[0])
    loaded = LoadedKey.read(task.key)
    good = answered(task, loaded)
    assert task.accept(good, loaded).receipt.zk.setup_digest == srs.setup_digest
    powers = good["opening"]["powers"]
    for wrong in (b"", powers[:64], powers + powers[:64], powers[64:] + powers[:64]):
        with pytest.raises(ZksealError):
            task.accept({**good, "opening": {**good["opening"], "powers": wrong}}, loaded)
