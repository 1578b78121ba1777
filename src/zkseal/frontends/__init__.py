"""Frontends turn models of other libraries into `zkseal.graph.Graph`, or say plainly why they cannot.

`onnx` reads ONNX files, `sklearn` reads fitted scikit-learn estimators. They alone import those libraries.
"""
