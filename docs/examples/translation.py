"""Learn to translate from pairs of texts, and translate without TensorFlow."""

# --- data
import numpy as np

numbers = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "acht", "six": "elf"}
every = np.array(np.meshgrid(*[list(numbers)] * 4)).reshape(4, -1).T  # all rows of four numbers
draws = np.random.default_rng(0).permutation(every)[:500]
english = [" ".join(draw) for draw in draws]
german = [" ".join(numbers[word] for word in draw[::-1]) for draw in draws]  # from the end to the beginning
# --- read
import rnnzoo

splits = rnnzoo.pair_splits(
    (english[:400], german[:400]),
    validation=(english[400:450], german[400:450]),
    test=(english[450:], german[450:]),
)
# --- train
import keras

keras.utils.set_random_seed(0)
model = rnnzoo.create_model("translator-gru-bahdanau", units=(32,), **splits.model_arguments)
config = rnnzoo.TrainConfig(epochs=35, batch_size=16, learning_rate=0.01)
result = rnnzoo.train(model, splits, config=config, directory="run")
print(f"perplexity {result.metrics['test']['perplexity']:.2f}")
# --- export
from rnnzoo_export import Translator, export_seq2seq_onnx

export_seq2seq_onnx(model, "translator", preprocessing=splits.preprocessing)
# --- translate
translator = Translator("translator")
print(translator.translate(["one two three four"])[0].text)
print(translator.translate(["one two three four"], beams=4)[0].text)
# --- score
answers = [translation.text for translation in translator.translate(english[450:], beams=4)]
print(sum(answer == truth for answer, truth in zip(answers, german[450:], strict=True)), "of 50 are right")
# --- end
