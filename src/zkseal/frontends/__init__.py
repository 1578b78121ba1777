"""Frontends turn models of other libraries into `zkseal.graph.Graph`, or say plainly why they cannot.

| folder | what it reads |
| --- | --- |
| `onnx` | ONNX files; the others end here |
| `sklearn` | fitted scikit-learn estimators, through skl2onnx |
| `trees` | tree models of scikit-learn, XGBoost and LightGBM, from the objects themselves |
| `torch` | PyTorch modules, through torch.onnx |
| `keras` | Keras 3 models, through Keras' export and tf2onnx |

They alone import those libraries, and each only when it is given such a model.
"""
