"""Write down sounds letter by letter, while they are heard."""

# --- data
import numpy as np

rate = 8000
tones = np.sin(2 * np.pi * np.outer([400, 900, 1700], np.arange(rate // 5)) / rate)  # a, b, c: 0.2 s each
words = ["a", "b", "c", "ab", "ba", "cab", "abc", "bac"] * 12
sounds = [np.concatenate([tones["abc".index(letter)] for letter in word]) for word in words]
# --- read
import rnnzoo

splits = rnnzoo.audio_splits(sounds, words, task="transcription", sample_rate=rate, stratify=False)
print(splits.model_arguments)
# --- train
import keras

keras.utils.set_random_seed(0)
model = rnnzoo.create_model("transcriber-gru-streaming", units=(32,), **splits.model_arguments)
config = rnnzoo.TrainConfig(epochs=60, batch_size=8, learning_rate=0.005, early_stopping=20)
result = rnnzoo.train(model, splits, config=config, directory="run")
print(f"character error rate {result.metrics['test']['cer']:.2f}")
# --- export
from rnnzoo_export import OnnxPredictor, StreamingPredictor, save_bundle

save_bundle(
    model,
    "listener",
    preprocessing=splits.preprocessing,
    decoding=splits.decoding,
    task=splits.task,
    also=["streaming"],
)
# --- whole
(answer,) = OnnxPredictor("listener").predict([sounds[5]])
print(answer)
# --- pieces
predictor = StreamingPredictor("listener")
transcript = rnnzoo.GreedyTranscript(splits.decoding.labels)
session = predictor.open()
heard = splits.preprocessing.apply([sounds[5]])
for start in range(0, heard["features"].shape[1], 20):  # 20 frames of 10 ms at a time
    piece = {name: array[0, start : start + 20] for name, array in heard.items()}
    transcript.add(predictor.step(session, piece)["logits"])
    print(repr(transcript.text))
# --- end
