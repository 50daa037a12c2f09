/** Makes an element from properties and children; nothing of a text is ever read as HTML. */
function make(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

const element = id => document.getElementById(id);
let made_ids = 0;

/** Labels a control, with a hint below it, for eyes and for readers of the screen. */
function field(label, control, hint = "") {
  control.id ||= `field-${++made_ids}`;
  const parts = [make("label", { htmlFor: control.id }, label), control];
  if (hint) {
    parts.push(make("span", { id: `${control.id}-hint`, className: "hint" }, hint));
    control.setAttribute("aria-describedby", `${control.id}-hint`);
  }
  return make("div", { className: "field" }, ...parts);
}

/** Offers to open a file; `open` is given it. */
function fileField(label, accept, open, hint = "") {
  const input = make("input", { type: "file", accept });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = ""; // the same file may be opened again
    if (!file) return;
    try {
      await open(file);
      problem("");
    } catch (error) {
      problem(`${file.name}: ${error.message}`);
    }
  });
  return field(label, input, hint);
}

/** Says below the input what is wrong with it. */
function problem(text) {
  element("problem").textContent = text;
}

/** Makes a table; its rows hold cells. */
function tableOf(head, rows, caption = "") {
  const cells = (row, kind) =>
    make(
      "tr",
      {},
      ...row.map((cell, i) =>
        make(kind || (i ? "td" : "th"), { scope: kind ? "col" : i ? "" : "row" }, String(cell)),
      ),
    );
  const table = make(
    "table",
    {},
    make("thead", {}, cells(head, "th")),
    make("tbody", {}, ...rows.map(row => cells(row))),
  );
  if (caption) table.prepend(make("caption", { className: "hidden" }, caption));
  return make(
    "div",
    { className: "wide", tabIndex: 0, role: "region", "aria-label": caption || "Table" },
    table,
  );
}

/** Folds something away. */
function folded(summary, ...children) {
  return make("details", {}, make("summary", {}, summary), ...children);
}

/** Says what a line, a band or a colour is. */
function legendOf(entries) {
  const items = entries.map(([className, text]) =>
    make("li", {}, make("i", { className: `key ${className}` }), text),
  );
  return make("ul", { className: "legend" }, ...items);
}
