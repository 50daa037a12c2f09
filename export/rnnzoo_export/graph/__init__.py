"""Markers of recurrent layers in a TensorFlow graph and the ONNX operators that they become."""
