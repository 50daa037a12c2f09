"""The embedded server: onnxruntime and NumPy behind the Open Inference Protocol, without TensorFlow."""
