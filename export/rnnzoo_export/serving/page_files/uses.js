// A use of a model: { controls, request, answer }. request(row) gives { address, body, ... };
// answer(row, request, place, signal) asks, and shows what comes.

function numberField(label, value, attributes, hint, changed) {
  const input = make("input", { type: "number", value, ...attributes });
  input.addEventListener("input", changed);
  return [input, field(label, input, hint)];
}

/** Rows to answers. */
function predicting(model, changed) {
  const options =
    model.takes === "source"
      ? numberField(
          "Beams",
          model.beams.usual,
          { min: 1, max: model.beams.most, step: 1 },
          "How many beginnings are kept; 1 is greedy.",
          changed,
        )
      : null;
  const request = row => {
    const body = { inputs: [row], ...(options ? { parameters: { beams: Number(options[0].value) } } : {}) };
    return { address: addressOf(model, "predict"), body: JSON.stringify(body), result: "answers" };
  };
  const answer = async (row, { address, body }, place, signal) => {
    const { answers } = await (await post(address, body, signal)).json();
    place.replaceChildren();
    showAnswer(answers[0], row, model, place);
  };
  return { controls: options ? make("div", { className: "row" }, options[1]) : null, request, answer };
}

/** Tensors to tensors. */
function inferring(model) {
  const request = row => ({
    address: addressOf(model, "infer"),
    body: JSON.stringify(row),
    result: "outputs",
  });
  const answer = async (_, { address, body }, place, signal) => {
    const { outputs } = await (await post(address, body, signal)).json();
    place.replaceChildren();
    showTensors(outputs, place);
  };
  return { controls: null, request, answer };
}

/** A prompt to a text that is written as it is drawn. */
function writing(model, changed) {
  const fields = {
    max_tokens: numberField(
      model.writes === "characters" ? "Characters" : "Words",
      60,
      { min: 1, max: 10000, step: 1 },
      "",
      changed,
    ),
    temperature: numberField("Temperature", 0.8, { min: 0, step: 0.1 }, "", changed),
    top_k: numberField("Top k", "", { min: 1, step: 1, placeholder: "all" }, "", changed),
    top_p: numberField("Top p", "", { min: 0, max: 1, step: 0.05, placeholder: "1" }, "", changed),
    seed: numberField("Seed", "", { min: 0, step: 1, placeholder: "any" }, "", changed),
  };
  const stop = make("input", { type: "text", spellcheck: false });
  stop.addEventListener("input", changed);
  const request = row => {
    const set = Object.entries(fields)
      .filter(([, [input]]) => input.value !== "")
      .map(([name, [input]]) => [name, Number(input.value)]);
    const body = {
      text_input: row,
      ...Object.fromEntries(set),
      ...(stop.value ? { stop: [stop.value] } : {}),
    };
    return { address: addressOf(model, "generate_stream"), body: JSON.stringify(body), streamed: true };
  };
  return {
    controls: make(
      "div",
      { className: "row" },
      ...Object.values(fields).map(one => one[1]),
      field("Stop at", stop),
    ),
    request,
    answer: write,
    ask: "Write",
  };
}

async function write(row, { address, body }, place, signal) {
  const response = await post(address, body, signal);
  const written = make("p", { className: "written" }, make("span", {}, row));
  place.replaceChildren(written);
  place.setAttribute("aria-busy", "true"); // readers of the screen wait for the whole text
  try {
    for await (const event of eventsOf(response)) {
      if (event.error) throw Error(event.error);
      written.append(event.text_output ?? "");
    }
  } catch (error) {
    error.keeps = true; // what was written stays
    throw error;
  } finally {
    place.removeAttribute("aria-busy");
  }
}

function useOf(model, changed) {
  if (model.takes === "tensors") return inferring(model);
  return model.writes ? writing(model, changed) : predicting(model, changed);
}
