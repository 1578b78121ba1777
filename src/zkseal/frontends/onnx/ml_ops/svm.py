from zkseal.frontends.onnx.ml_ops.writer import Writer


def svm_classifier(w: Writer) -> bool:
    return False


def svm_regressor(w: Writer) -> bool:
    return False
