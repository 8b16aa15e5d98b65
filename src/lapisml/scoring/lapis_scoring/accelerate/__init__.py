"""A second form of a model, as an ONNX graph: made, checked against the original, measured, served where it wins.

`main` does all of it in a process of its own and leaves ``model.onnx`` and ``report.json``; a replica needs only
`session`. Runs in the model's environment with the converters beside it. Keeps to Python 3.8.
"""
