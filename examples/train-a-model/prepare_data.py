"""Write scikit-learn's breast cancer data as one CSV file: 30 measurements and the label ``Benign``."""

from pathlib import Path

from sklearn.datasets import load_breast_cancer

folder = Path(__file__).parent / "data"
folder.mkdir(exist_ok=True)
bunch = load_breast_cancer(as_frame=True)
frame = bunch.frame.rename(columns={"target": "Benign"})
frame.columns = [name.replace(" ", "_") for name in frame.columns]
frame.to_csv(folder / "breast-cancer.csv", index=False)
print(f"{len(frame)} rows, {frame['Benign'].mean():.0%} benign → {folder / 'breast-cancer.csv'}")
