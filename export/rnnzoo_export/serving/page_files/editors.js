// An editor shows one raw row: { node, read, write }. read() gives the row, or throws what is wrong with it; write(row)
// shows another.

const TEXTS = {
  text: ["Text", "", 5],
  words: ["Words", "Separated by blanks.", 4],
  source: ["Text to translate", "", 4],
  dna: ["Sequence of bases", "Letters of IUPAC; lines of FASTA that begin with > are left out.", 6],
};

function textEditor(model, changed) {
  const [label, hint, rows] = TEXTS[model.takes];
  const area = make("textarea", { rows, spellcheck: false, className: model.takes === "dna" ? "code" : "" });
  area.addEventListener("input", changed);
  if (model.takes === "dna") area.wrap = "soft";
  return {
    node: field(model.label ?? label, area, hint),
    read: () => (model.takes === "dna" ? area.value.replace(/^>.*$/gm, "").replace(/\s+/g, "") : area.value),
    write: row => {
      area.value = Array.isArray(row) ? row.join(" ") : (row ?? "");
    },
  };
}

/** Any row as JSON, and the tensors of models that take no others. */
function jsonEditor(model, changed) {
  const area = make("textarea", { rows: 10, className: "code", spellcheck: false });
  area.addEventListener("input", changed);
  return {
    node: field(model.label ?? "Input as JSON", area, model.hint),
    read: () => JSON.parse(area.value),
    write: row => {
      area.value = pretty(row ?? null);
    },
    isJson: true,
  };
}

function categoryEditor(model, changed) {
  const known = model.categories ?? [];
  const choices = make("datalist", { id: `known-${++made_ids}` });
  const closed = model.unknown === "error" && known.length > 0;
  const input = closed
    ? make("select", {}, ...known.map((name, i) => make("option", { value: i }, String(name))))
    : make("input", { type: "text" });
  if (!closed) {
    choices.append(...known.slice(0, 200).map(name => make("option", { value: String(name) })));
    input.setAttribute("list", choices.id);
  }
  input.addEventListener("input", changed);
  const given = () =>
    known.find(name => String(name) === input.value.trim()) ??
    (known.length && known.every(Number.isInteger)
      ? readNumber(input.value, "category")
      : input.value.trim());
  return {
    node: make(
      "div",
      {},
      field(model.label ?? "Category", input, closed || !known.length ? "" : `Known: ${listed(known)}.`),
      choices,
    ),
    read: () => (closed ? known[Number(input.value)] : given()),
    write: row => {
      input.value = closed ? String(Math.max(0, known.indexOf(row))) : String(row ?? "");
    },
  };
}

function numbersEditor(model, changed) {
  const input = make("input", { type: "text", inputMode: "decimal", spellcheck: false });
  input.addEventListener("input", changed);
  return {
    node: field(
      model.label ?? "Numbers",
      input,
      model.count ? `${model.count} numbers, separated by commas or blanks.` : "",
    ),
    read: () =>
      input.value
        .split(/[\s,;]+/)
        .filter(Boolean)
        .map((text, i) => readNumber(text, `number ${i + 1}`)),
    write: row => {
      input.value = (row ?? []).join(", ");
    },
  };
}

function joinedEditor(model, changed) {
  const parts = Object.entries(model.parts).map(([name, part]) => [
    name,
    editorOf({ ...part, label: undefined, example: model.example?.[name] }, changed),
  ]);
  const fieldsets = parts.map(([name, part]) =>
    make("fieldset", { className: "part" }, make("legend", {}, name), part.node),
  );
  return {
    node: make("div", {}, ...fieldsets),
    read: () =>
      Object.fromEntries(
        parts.map(([name, part]) => {
          try {
            return [name, part.read()];
          } catch (error) {
            throw Error(`${name}: ${error.message}`);
          }
        }),
      ),
    write: row => parts.forEach(([name, part]) => part.write(row?.[name])),
  };
}

const EDITORS = {
  text: textEditor,
  words: textEditor,
  dna: textEditor,
  source: textEditor,
  series: seriesEditor,
  irregular: irregularEditor,
  windows: requestEditor,
  sound: soundEditor,
  frames: videoEditor,
  category: categoryEditor,
  numbers: numbersEditor,
  joined: joinedEditor,
};

function editorOf(model, changed) {
  const editor = model.image ? drawingEditor : (EDITORS[model.takes] ?? jsonEditor);
  return editor(model, changed);
}
