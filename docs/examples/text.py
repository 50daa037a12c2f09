"""Classify texts of your own: from a CSV file to a bundle that answers."""

# --- data
import numpy as np
import pandas as pd

nouns = {
    "food": ["soup", "bread", "fish", "breakfast", "salad", "coffee"],
    "service": ["waiter", "greeting", "reception", "porter", "answer", "help"],
    "room": ["bed", "bath", "window", "view", "carpet", "shower"],
}
good, bad = ["good", "very nice", "lovely", "fine"], ["poor", "not good", "a disappointment", "bad"]
rng = np.random.default_rng(0)
rows = []
for _ in range(1000):
    liked, disliked = rng.choice(list(nouns), size=2, replace=False)
    praise = f"the {rng.choice(nouns[liked])} was {rng.choice(good)}"
    blame = f"the {rng.choice(nouns[disliked])} was {rng.choice(bad)}"
    first, second = rng.permutation([praise, blame])
    label = disliked if rng.random() > 0.03 else rng.choice(list(nouns))  # who labels makes mistakes
    rows.append((f"{first} but {second}", label, "yes" if "room" in (liked, disliked) else "no"))
table = pd.DataFrame(rows, columns=["review", "complaint", "about_room"])
table.drop_duplicates("review").to_csv("reviews.csv", index=False)
# --- read
import rnnzoo

splits = rnnzoo.read_table("reviews.csv", text="review", label="complaint")
print(splits.description["rows"])
# --- train
import keras

keras.utils.set_random_seed(0)
size = {"embedding_size": 32, "units": (32,)}
model = rnnzoo.create_model("text-classifier-bilstm", **size, **splits.model_arguments)
config = rnnzoo.TrainConfig(epochs=8, learning_rate=3e-3)
result = rnnzoo.train(model, splits, config=config, directory="run")
print(f"text-classifier-bilstm: {result.metrics['test']['accuracy']:.3f}")
# --- baselines
import json
from pathlib import Path

for name, scores in json.loads(Path("run/metrics.json").read_text())["baselines"]["scores"].items():
    print(f"{name}: {scores['accuracy']:.3f}")
# --- linear
easy = rnnzoo.read_table("reviews.csv", text="review", label="about_room")
network = rnnzoo.create_model("text-classifier-bilstm", **size, **easy.model_arguments)
result = rnnzoo.train(network, easy, config=config, directory="easy")
print(f"text-classifier-bilstm: {result.metrics['test']['accuracy']:.3f}")
scores = json.loads(Path("easy/metrics.json").read_text())["baselines"]["scores"]
print(f"linear SVM on TF-IDF: {scores['linear SVM on TF-IDF']['accuracy']:.3f}")
# --- export
from rnnzoo_export import OnnxPredictor, save_bundle

bundle = save_bundle(
    model, "bundle", preprocessing=splits.preprocessing, decoding=splits.decoding, task=splits.task
)
# --- predict
predictor = OnnxPredictor(bundle)
texts = ["the bed was lovely but the fish was bad", "the bed was bad but the fish was lovely"]
for answer in predictor.predict(texts):
    print(answer["label"], f"{answer['probability']:.2f}")
# --- end
