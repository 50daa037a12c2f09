"""Learn to translate from pairs of texts, and translate without TensorFlow."""

# --- data
import numpy as np

numbers = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "acht", "six": "elf"}
draws = np.random.default_rng(0).choice(list(numbers), size=(300, 3))
english = [" ".join(draw) for draw in draws]
german = [" ".join(numbers[word] for word in draw[::-1]) for draw in draws]  # from the end to the beginning
# --- read
import rnnzoo

splits = rnnzoo.pair_splits(
    (english[:250], german[:250]),
    validation=(english[250:275], german[250:275]),
    test=(english[275:], german[275:]),
)
# --- train
import keras

keras.utils.set_random_seed(0)
model = rnnzoo.create_model("translator-gru-bahdanau", units=(32,), **splits.model_arguments)
config = rnnzoo.TrainConfig(epochs=40, batch_size=16, learning_rate=0.01)
result = rnnzoo.train(model, splits, config=config, directory="run")
print(f"perplexity {result.metrics['test']['perplexity']:.2f}")
# --- export
from rnnzoo_export import Translator, export_seq2seq_onnx

export_seq2seq_onnx(model, "translator", preprocessing=splits.preprocessing)
# --- translate
translator = Translator("translator")
print(translator.translate(["one two three"])[0].text)
print(translator.translate(["one two three"], beams=4)[0].text)
# --- score
answers = [translation.text for translation in translator.translate(english[275:], beams=4)]
print(sum(answer == truth for answer, truth in zip(answers, german[275:], strict=True)), "of 25 are right")
# --- end
