"""Tree models as graphs, read from the estimators themselves: scikit-learn, XGBoost, LightGBM.

No library is imported: what an estimator, or the file that it saved, says of itself is enough. Trees stay as exact as
they are: float32 inputs and thresholds where the library compares in float32 (scikit-learn's trees, XGBoost), float64
where it compares in float64 (LightGBM, scikit-learn's histogram boosting).

| module | what it reads |
| --- | --- |
| `load` | chooses the reader by the estimator's library and class |
| `files` | models that XGBoost and LightGBM saved |
| `xgboost` | XGBClassifier, XGBRegressor, XGBRanker, .. and Booster |
| `lightgbm` | LGBMClassifier, LGBMRegressor, LGBMRanker and Booster |
| `sklearn` | decision trees, random forests, extra trees, gradient boosting, histogram gradient boosting |
| `pipelines` | scalers in front of a tree model, which become other thresholds |
| `graph` | scores of trees, and what a model makes of them, as a graph |
"""

from __future__ import annotations

from zkseal.frontends.trees.files import is_model_file, load_file
from zkseal.frontends.trees.load import load, reads

__all__ = ["is_model_file", "load", "load_file", "reads"]
