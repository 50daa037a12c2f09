"""Answers of exported files, in process. Needs NumPy and onnxruntime, not TensorFlow."""
