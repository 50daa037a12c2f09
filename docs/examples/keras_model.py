"""Serve a Keras model of your own: prove its ONNX file, serve it over a socket, ask it, stop it."""

# --- model
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
series = keras.Input((None, 3), name="series")
age = keras.Input((1,), name="age")
x = layers.Masking(name="skip_padding")(series)
x = layers.Bidirectional(layers.LSTM(16, name="lstm"), name="both_ways")(x)
x = layers.Concatenate(name="with_age")([x, age])
x = layers.Dense(16, activation="relu", name="hidden")(x)
risk = layers.Dense(1, activation="sigmoid", name="risk")(x)
model = keras.Model([series, age], risk, name="own-model")
# --- train
rng = np.random.default_rng(0)
arrays = {
    "series": rng.normal(size=(400, 30, 3)).astype("float32"),
    "age": rng.uniform(0.2, 0.9, size=(400, 1)).astype("float32"),
}
truth = (arrays["series"][:, :, 0].mean(axis=1) + arrays["age"][:, 0] > 0.55).astype("float32")
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
history = model.fit(arrays, truth, epochs=10, verbose=0, validation_split=0.2)
print(f"accuracy {history.history['val_accuracy'][-1]:.2f}")
# --- onnx
from rnnzoo_export import export_onnx

report = export_onnx(model, "own.onnx")
print(report.fused, report.operators["LSTM"])
print(f"{report.parity.cases} batches, {report.parity.values} numbers compared")
assert report.parity.max_difference < 1e-4
# --- bundle
from rnnzoo_export import save_bundle

save_bundle(model, "bundle", name="own-model")
# --- serve
import socket
import subprocess
import sys

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
command = [sys.executable, "-m", "rnnzoo", "serve", "bundle", "--port", str(port)]
server = subprocess.Popen(command)
# --- ask
import json
import time
import urllib.error
import urllib.request


def ask(path: str, body: object = None) -> dict:
    """Sends a request and returns the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or "{}")


def wait_until_ready(seconds: float = 30) -> None:
    """Asks for readiness until the server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            ask("/v2/health/ready")
            return
        except urllib.error.URLError:  # it does not listen yet
            time.sleep(0.1)
    raise TimeoutError(f"the server did not answer within {seconds} s")


wait_until_ready()
one = {"series": arrays["series"][:1], "age": arrays["age"][:1]}
inputs = [
    {"name": name, "datatype": "FP32", "shape": list(array.shape), "data": array.ravel().tolist()}
    for name, array in one.items()
]
answer = ask("/v2/models/own-model/infer", {"inputs": inputs})
served = answer["outputs"][0]
print(served["name"], served["shape"])
assert abs(served["data"][0] - float(model.predict(one, verbose=0)[0, 0])) < 1e-5
# --- stop
server.terminate()  # SIGTERM: what is under way is answered first
print("exit code", server.wait(timeout=30))
# --- end
