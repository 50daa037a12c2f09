"""Which parts of an example an answer rests on: by hiding them, with NumPy and onnxruntime only."""
