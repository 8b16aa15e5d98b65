"""Write two tumours as a request, and all of them as a file to be scored in batch."""

import json
from pathlib import Path

from sklearn.datasets import load_breast_cancer

folder = Path(__file__).parent / "data"
folder.mkdir(exist_ok=True)
rows = load_breast_cancer(as_frame=True).data
rows.columns = [name.replace(" ", "_") for name in rows.columns]
(folder / "two-tumours.json").write_text(json.dumps({"input_data": rows.iloc[[0, 100]].to_dict(orient="split")}))
rows.to_csv(folder / "tumours.csv", index=False)
