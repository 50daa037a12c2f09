"""Forecast the sales of many shops with one model, ask its server for a new week."""

# --- data
import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
WEEK = {  # Monday to Sunday, by the kind of a shop
    "station": [1.1, 1.1, 1.1, 1.1, 1.2, 0.8, 0.6],
    "centre": [0.8, 0.8, 0.9, 1.0, 1.3, 1.7, 0.5],
}
PROMOTED = {"station": 1.1, "centre": 1.6}  # by how much a promotion lifts the sales
SHOPS = {"Aachen": 500, "Bonn": 420, "Celle": 610, "Dessau": 350, "Erfurt": 550, "Fulda": 300}
shops = []
for number, (shop, days) in enumerate(SHOPS.items()):  # all end on one day, and began on different ones
    day = pd.date_range(end="2025-06-30", periods=days, freq="D", name="day")
    kind = ("station", "centre")[number % 2]
    promotion = (rng.random(days) < 0.15).astype(int)
    week = np.array(WEEK[kind])[day.day_of_week]
    usual = np.exp(np.cumsum(rng.normal(scale=0.01, size=days)))  # a level that drifts
    sales = 20 * 2**number * week * np.where(promotion, PROMOTED[kind], 1) * usual
    sales *= np.exp(rng.normal(scale=0.05, size=days))
    columns = {"shop": shop, "kind": kind, "promotion": promotion, "sales": sales.round(1)}
    shops.append(pd.DataFrame(columns, index=day).reset_index())
table = pd.concat(shops)
table.to_csv("sales.csv", index=False)
shops = table.groupby("shop").agg(
    kind=("kind", "first"), begins=("day", "min"), days=("day", "count"), sales=("sales", "mean")
)
print(shops.round({"sales": 1}).to_string())
# --- read
import rnnzoo

splits = rnnzoo.read_series(
    "sales.csv",
    target="sales",
    series="shop",
    time="day",
    static="kind",
    future="promotion",
    calendar=["weekday"],
    scaling="series",
    window=28,
    horizon=7,
    seasonality=7,
)
print(splits.description["step"], splits.description["rows"])
print(splits.model_arguments)
# --- train
import keras

keras.utils.set_random_seed(0)
model = rnnzoo.create_model(
    "forecaster-quantile-lstm",
    units=(24,),
    normalization="reversible",
    linear=False,
    **splits.model_arguments,
)
config = rnnzoo.TrainConfig(epochs=12, learning_rate=1e-2)
result = rnnzoo.train(model, splits, config=config, directory="run")
# --- scores
import json
from pathlib import Path

metrics = json.loads(Path("run/metrics.json").read_text())
for name, scores in {"the model": metrics["test"], **metrics["baselines"]["scores"]}.items():
    print(f"{name}: {scores['mae']:.1f} {scores['mase']:.2f} {scores['coverage']:.2f}")
# --- backtest
backtest = rnnzoo.backtest("run", "sales.csv", origins=6, directory="backtest", progress=False)
print(backtest.verdict)
trees = "gradient-boosted trees on the same lags and its past errors"
errors = backtest.by_series.pivot(index="series", columns="method", values="mase")
print(errors[["model", trees]].round(2).rename(columns={trees: "trees"}).to_string())
# --- export
from rnnzoo_export import OnnxPredictor, save_bundle

answers = splits.for_model(model)  # quantiles, as the model's output says
save_bundle(
    model, "bundle", preprocessing=answers.preprocessing, decoding=answers.decoding, task=answers.task
)
# --- predict
past = table[table["shop"] == "Dessau"].tail(28)
request = {
    "series": "Dessau",
    "past": {
        "day": past["day"].dt.strftime("%Y-%m-%d").tolist(),
        "sales": past["sales"].tolist(),
        "promotion": past["promotion"].tolist(),
    },
    "future": {"promotion": [0] * 7},  # from Tuesday to Monday
    "static": {"kind": "centre"},
}
promoted = {**request, "future": {"promotion": [0, 0, 0, 0, 1, 0, 0]}}
for answer in OnnxPredictor("bundle").predict([request, promoted]):
    print([round(value) for value in answer["quantiles"]["sales"]["0.5"]])
# --- serve
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = subprocess.Popen([sys.executable, "-m", "rnnzoo", "serve", "bundle", "--port", str(port)])


def ask(path: str, body: object = None) -> dict:
    """Sends a request, once the server is ready, and returns the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    for _ in range(300):
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:  # the server says what is wrong
            return json.loads(error.read())
        except urllib.error.URLError:  # it does not listen yet
            time.sleep(0.1)
    raise TimeoutError("the server did not answer within 30 s")


predict = "/v2/models/forecaster-quantile-lstm/predict"
(answer,) = ask(predict, {"inputs": [promoted]})["answers"]
print(list(answer), [round(value) for value in answer["quantiles"]["sales"]["0.9"]])
unknown = {**request, "series": "Dresden"}
print(ask(predict, {"inputs": [unknown]})["error"])
server.terminate()  # SIGTERM: what is under way is answered first
server.wait(timeout=30)
# --- plan
week = pd.date_range("2025-07-01", periods=7)
plan = [{"shop": shop, "day": day, "promotion": int(day.day_of_week == 5)} for shop in SHOPS for day in week]
pd.DataFrame(plan).to_csv("plan.csv", index=False)
# --- end
