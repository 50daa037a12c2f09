"""Tag the words of sentences of your own, with a conditional random field."""

# --- data
import numpy as np

rng = np.random.default_rng(0)
towns = ["paris", "new york", "oslo", "san francisco", "lima", "rio de janeiro", "york", "cairo"]
days = ["monday", "friday", "next week", "tomorrow"]
asks = ["book a flight", "i want to go", "find me a train", "how do i get"]


def tagged(text: str, name: str) -> list[tuple[str, str]]:
    """Returns the words of a name with their tags: B for the first word, I for those that follow."""
    return [(word, f"{'I' if place else 'B'}-{name}") for place, word in enumerate(text.split())]


words, tags = [], []
for _ in range(600):
    start, end = rng.choice(towns, size=2, replace=False)
    parts = [
        [("from", "O"), *tagged(start, "from")],
        [("to", "O"), *tagged(end, "to")],
        tagged(rng.choice(days), "day"),
    ]
    order = rng.permutation(3)
    sentence = [(word, "O") for word in rng.choice(asks).split()] + [pair for i in order for pair in parts[i]]
    words.append([word for word, _ in sentence])
    tags.append([tag for _, tag in sentence])
print(list(zip(words[0], tags[0], strict=True)))
# --- read
import rnnzoo

splits = rnnzoo.Splits.from_arrays(words, tags, task="tagging")
print(splits.model_arguments)
# --- train
import keras

keras.utils.set_random_seed(0)
model = rnnzoo.create_model(
    "text-tagger-bilstm-crf", embedding_size=32, units=(32,), **splits.model_arguments
)
config = rnnzoo.TrainConfig(epochs=10, learning_rate=5e-3)
result = rnnzoo.train(model, splits, config=config, directory="run")
print({name: round(value, 3) for name, value in result.metrics["test"].items()})
# --- baselines
import json
from pathlib import Path

for name, scores in json.loads(Path("run/metrics.json").read_text())["baselines"]["scores"].items():
    print(f"{name}: {scores['accuracy']:.3f}")
# --- export
from rnnzoo_export import OnnxPredictor, save_bundle

answers = splits.for_model(model)  # the best path through all tags of a row
save_bundle(
    model, "bundle", preprocessing=answers.preprocessing, decoding=answers.decoding, task=answers.task
)
# --- predict
sentence = "find me a train to new york from york tomorrow"
(answer,) = OnnxPredictor("bundle").predict([sentence.split()])
print(answer["labels"])
print(answer["entities"][0])
# --- file
from pathlib import Path

sentences = [zip(*pair, strict=True) for pair in zip(words, tags, strict=True)]
lines = ["\n".join(f"{word} {tag}" for word, tag in sentence) for sentence in sentences]
Path("journeys.conll").write_text("\n\n".join(lines))
# --- end
