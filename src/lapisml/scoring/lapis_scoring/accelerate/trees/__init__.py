"""Tree ensembles as ONNX nodes that compare and add in float64, as the libraries themselves do.

The common converters write thresholds and leaves as float32; beside a threshold that gives another leaf, so another
answer. Here each library's trees are read into one plain form (`ensemble`) and written out from it.
"""
