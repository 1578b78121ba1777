"""Models that the demo, the tests and the benchmarks share: small, seeded, trained here in seconds, no network.

| name | model | task |
| --- | --- | --- |
| `breast_cancer` | StandardScaler + MLP 30-16-8-1 (scikit-learn) | benign or malignant |
| `digits` | scaling + MLP 64-64-10 (scikit-learn) | 8x8 digits |
| `mlp_credit` | MLP 20-64-32-1 (scikit-learn) | synthetic credit decisions |
| `lenet` | LeNet-5 shape on 28x28, 61,706 parameters (ONNX) | upscaled digits |
| `dense` | four layers of 1024 x 1024, 4.2 million parameters (ONNX) | digits: class scores and reconstruction |
| `cifar` | CNN on 32x32x3, about 263,000 parameters (ONNX) | ten synthetic textures |

Needs scikit-learn (`pip install 'zkseal[sklearn]'`); without it each function raises MissingDependency saying so.
"""

from __future__ import annotations

from zkseal.zoo.cifar import cifar
from zkseal.zoo.dense import dense
from zkseal.zoo.lenet import lenet
from zkseal.zoo.model import ZooModel
from zkseal.zoo.tabular import breast_cancer, digits, mlp_credit

MODELS = {model.__name__: model for model in (breast_cancer, digits, mlp_credit, lenet, dense, cifar)}

__all__ = ["MODELS", "ZooModel", "breast_cancer", "cifar", "dense", "digits", "lenet", "mlp_credit"]
