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
transcript, heard = rnnzoo.GreedyTranscript(splits.decoding.labels), rnnzoo.SoundPieces(splits.preprocessing)
session = predictor.open()
for piece in np.split(sounds[5], 3):  # whatever a microphone gives
    features = heard.add(piece)
    answer = predictor.step(session, {"features": features, "mask": np.ones(len(features), bool)})
    transcript.add(answer["logits"])
    print(repr(transcript.text))
# --- end
