const LONGEST_JSON = 200000; // characters that a text field still shows quickly
const { model, models } = JSON.parse(element("facts").textContent);
let current = null;
let waiting = 0;
let underWay = null;
let fromJson = false;

const editor = editorOf(model, changed);
const use = useOf(model, changed);

/** Reads the row again, and shows how to send it; a moment later, for keys come fast. */
function changed() {
  clearTimeout(waiting);
  waiting = setTimeout(update, 120);
}

function update() {
  clearTimeout(waiting);
  try {
    const row = editor.read();
    current = { row, request: use.request(row) };
    problem("");
  } catch (error) {
    current = null;
    problem(error instanceof SyntaxError ? `This is not JSON: ${error.message}` : error.message);
  }
  showSnippets(current && current.request);
  if (current && !fromJson && !editor.isJson) showJson(JSON.stringify(current.row));
  element("ask").disabled = underWay !== null && !use.ask;
}

function showJson(text) {
  const area = element("json");
  area.readOnly = text.length > LONGEST_JSON;
  area.value = area.readOnly ? `${text.slice(0, 2000)} ... (${text.length} characters)` : text;
}

/** Takes a row that was edited as JSON. */
function readJson() {
  fromJson = true;
  try {
    editor.write(JSON.parse(element("json").value));
    update();
  } catch (error) {
    problem(`This is not JSON of such an input: ${error.message}`);
  }
  fromJson = false;
}

async function ask() {
  update();
  if (!current) return;
  const place = element("answer");
  const { row, request } = current;
  const since = performance.now();
  const own = (underWay = new AbortController());
  setBusy(true);
  try {
    await use.answer(row, request, place, own.signal);
    const took = performance.now() - since;
    place.append(
      make(
        "p",
        { className: "soft" },
        `Answered in ${took < 1000 ? `${Math.round(took)} ms` : `${short(took / 1000, 3)} s`}.`,
      ),
    );
  } catch (error) {
    if (error.name === "AbortError") place.append(make("p", { className: "soft" }, "Stopped."));
    else {
      if (!error.keeps) place.replaceChildren();
      place.append(make("p", { className: "wrong", role: "alert" }, error.message));
    }
  }
  underWay = null;
  setBusy(false);
  if (place.getBoundingClientRect().top > 0.7 * innerHeight) element("answer-title").scrollIntoView();
}

function setBusy(busy) {
  element("ask").disabled = busy;
  element("stop").hidden = !busy || !use.ask;
}

function showModel() {
  element("name").textContent = document.title = model.name;
  const scores = Object.entries(model.metrics || {}).filter(
    ([name, value]) => name !== "loss" && typeof value === "number",
  );
  const told = scores
    .slice(0, 4)
    .map(([name, value]) => `test ${name.replaceAll("_", " ")} ${short(value, 4)}`);
  element("about").textContent = [model.task?.replaceAll("_", " "), ...told].filter(Boolean).join(" · ");
  const origin = [
    model.version && `Version ${model.version}`,
    model.created && `made ${model.created}`,
    model.parameters && `${model.parameters.toLocaleString("en")} weights`,
    model.rnnzoo && `rnnzoo ${model.rnnzoo}`,
    model.sha256 && `sha256 ${model.sha256}`,
  ];
  element("origin").textContent = origin.filter(Boolean).join(" · ");
  if (models.length < 2) return;
  const links = models.map(name => {
    const link = make("a", { href: `?model=${encodeURIComponent(name)}` }, name);
    if (name === model.name) link.setAttribute("aria-current", "page");
    return link;
  });
  element("models").hidden = false;
  element("models").append(...links);
}

function start() {
  showModel();
  element("editor").append(...[editor.node, use.controls].filter(Boolean));
  element("buttons").append(
    make("button", { id: "stop", type: "button", className: "plain", hidden: true }, "Stop"),
  );
  if (use.ask) element("ask").textContent = use.ask;
  element("as-json").hidden = Boolean(editor.isJson) || ["text", "dna", "source"].includes(model.takes);
  element("reset").hidden = model.example === null || model.example === undefined;
  if (!element("reset").hidden) editor.write(model.example);
  element("form").addEventListener("submit", event => {
    event.preventDefault();
    ask();
  });
  element("form").addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask();
  });
  element("reset").addEventListener("click", () => {
    editor.write(model.example);
    update();
  });
  element("stop").addEventListener("click", () => underWay?.abort());
  element("json").addEventListener("input", readJson);
  element("key").addEventListener("input", update);
  update();
  if (!current) problem(""); // an empty page is no mistake
}

start();
