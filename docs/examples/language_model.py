"""Learn to write from running text, and write piece by piece."""

# --- data
from pathlib import Path

import rnnzoo

text = "one and two and three and four and five and six and " * 60
Path("running.txt").write_text(text)
splits = rnnzoo.running_text_splits(text, window=20)
print(splits.model_arguments)
# --- train
import keras

keras.utils.set_random_seed(0)
model = rnnzoo.create_model("language-model-gru", embedding_size=16, units=(32,), **splits.model_arguments)
config = rnnzoo.TrainConfig(epochs=20, batch_size=8, learning_rate=0.02)
result = rnnzoo.train(model, splits, config=config, directory="run")
print(f"perplexity {result.metrics['test']['perplexity']:.2f}")
# --- export
from rnnzoo_export import TextGenerator, save_bundle

save_bundle(
    model,
    "writer",
    preprocessing=splits.preprocessing,
    decoding=splits.decoding,
    task=splits.task,
    also=["streaming"],
)
# --- write
writer = TextGenerator("writer")
print(writer.write("one and two and", length=6, temperature=0.5, seed=1))
# --- end
