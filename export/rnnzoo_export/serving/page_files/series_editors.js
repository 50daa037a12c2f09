/** A text of numbers with a picture below it. */
function numberArea(label, hint, { read, draw, open }, changed) {
  const area = make("textarea", { rows: 7, className: "code", spellcheck: false, wrap: "off" });
  const picture = make("div");
  const drawn = () => {
    try {
      picture.replaceChildren(draw(read(area.value)));
    } catch {
      picture.replaceChildren(); // what is wrong is said below the editor
    }
  };
  area.addEventListener("input", () => {
    drawn();
    changed();
  });
  const load = async file => {
    area.value = await open(file);
    drawn();
    changed();
  };
  const file = fileField("Or open a file", ".csv,.tsv,.txt,.json,.npy", load);
  return { area, node: make("div", {}, field(label, area, hint), file, picture), drawn };
}

/** A series: a line for each step, with a number for each feature. */
function seriesEditor(model, changed) {
  const count = model.features;
  const each = count === 1 ? "one number" : count ? `${count} numbers` : "numbers";
  const read = text =>
    parseTable(text).map((row, i) =>
      row.map((cell, k) => readNumber(cell, `step ${i + 1}, number ${k + 1}`)),
    );
  const open = async file => tableText(await readArray(file));
  const draw = rows =>
    chartOf({ title: "The series", xLabel: "step", yLabel: "value", whole: true, lines: linesOf(rows) });
  const { area, node, drawn } = numberArea(
    "Series",
    `A line for each step, with ${each}, separated by commas or blanks.`,
    { read, draw, open },
    changed,
  );
  return {
    node,
    read: () => read(area.value),
    write: rows => {
      area.value = tableText((rows ?? []).map(row => [row].flat()));
      drawn();
    },
  };
}

/** A curve for each of the first features. */
function linesOf(rows, times = null, dots = false) {
  if (!rows.length) throw Error("there are no steps.");
  return rows[0].slice(0, 8).map((_, k) => ({
    name: rows[0].length > 1 ? `feature ${k + 1}` : "value",
    style: k,
    dots,
    points: rows
      .map((row, i) => [times ? times[i] : i + 1, row[k]])
      .filter(point => Number.isFinite(point[1])),
  }));
}

/** A series with times of its own: a line for each time, where cells may be empty. */
function irregularEditor(model, changed) {
  const read = text => {
    const rows = parseTable(text);
    const value = (cell, i) =>
      cell.trim() === "" || /^(null|nan|na)$/i.test(cell.trim()) ? null : readNumber(cell, `line ${i + 1}`);
    return {
      times: rows.map((row, i) => readNumber(row[0], `line ${i + 1}: time`)),
      values: rows.map((row, i) => row.slice(1).map(cell => value(cell, i))),
    };
  };
  const write = row => tableText((row?.times ?? []).map((time, i) => [time, ...row.values[i]]));
  const open = async file => {
    const text = await file.text();
    return text.trim().startsWith("{") ? write(JSON.parse(text)) : text;
  };
  const draw = ({ times, values }) =>
    chartOf({
      title: "What was seen",
      xLabel: "time",
      yLabel: "value",
      lines: linesOf(values, times, true).filter(line => line.points.length),
    });
  const count = model.features ?? "the";
  const hint = `A line for each time: it, then ${count} values with commas between; leave out what was not seen.`;
  const { area, node, drawn } = numberArea("Times and values", hint, { read, draw, open }, changed);
  return {
    node,
    read: () => read(area.value),
    write: row => {
      area.value = write(row);
      drawn();
    },
  };
}

/** Columns by name from a table with a head, as what each of them holds. */
function readColumns(text, kinds, where, times) {
  const [head = [], ...rows] = parseTable(text, "\n");
  const found = {};
  for (const [name, kind] of Object.entries(kinds)) {
    const place = head.indexOf(name);
    if (place < 0)
      throw Error(
        `${where}: the column "${name}" is missing in the first line; expected ${Object.keys(kinds).join(", ")}.`,
      );
    const numeric = kind === "number" || (kind === "time" && times === null);
    const cellOf = (row, i) => {
      const cell = row[place] ?? "";
      if (cell === "") return null;
      return numeric ? readNumber(cell, `${where}: ${name}, line ${i + 2}`) : cell;
    };
    found[name] = rows.map(cellOf);
  }
  return found;
}

/** A table with a head from columns by name, or from a list of rows by name. */
function columnsText(columns, kinds) {
  const listed = Array.isArray(columns);
  const names = Object.keys(kinds);
  const count = listed ? columns.length : Math.max(0, ...names.map(name => columns?.[name]?.length ?? 0));
  const cell = (name, i) => (listed ? columns[i][name] : columns?.[name]?.[i]);
  return tableText([names, ...Array.from({ length: count }, (_, i) => names.map(name => cell(name, i)))]);
}

function columnsArea(label, hint, changed, rows) {
  const area = make("textarea", { rows, className: "code", spellcheck: false, wrap: "off" });
  area.addEventListener("input", changed);
  const open = async file => {
    area.value = (await file.text()).trim();
    changed();
  };
  return {
    area,
    node: make("div", {}, field(label, area, hint), fileField("Or open a file", ".csv,.tsv,.txt", open)),
  };
}

/** The first of some categories, in words. */
function listed(categories = []) {
  return categories.slice(0, 8).join(", ") + (categories.length > 8 ? " and others" : "");
}

/** What a forecaster reads: the past, what is known of the steps ahead, and of the series. */
function requestEditor(model, changed) {
  const { request, categories } = model;
  const whole = Boolean(request.whole);
  const times = request.time?.form;
  const named = (names, kinds) =>
    names.map(name => {
      const input = make("input", {
        type: "text",
        inputMode: kinds?.[name] === "number" ? "decimal" : "text",
      });
      input.addEventListener("input", changed);
      return [name, input, field(name, input, listed(categories?.[name]))];
    });
  const series = named(request.series ?? []);
  const still = named(Object.keys(request.static ?? {}), request.static);
  const steps = `then a line for each step, oldest first; the last ${request.window} are read.`;
  const known = Object.keys(request.past).filter(name => categories?.[name]?.length);
  const told = known.map(name => `${name} is one of ${listed(categories[name])}.`);
  const hint = ["A head of column names,", steps, ...told].join(" ");
  const past = columnsArea("Past", hint, changed, 9);
  const future =
    request.future &&
    columnsArea(
      "Known of the steps ahead",
      `A head, then ${request.horizon} lines, one for each step ahead.`,
      changed,
      5,
    );
  const group = (legend, fields) =>
    fields.length
      ? make(
          "fieldset",
          {},
          make("legend", {}, legend),
          make("div", { className: "row" }, ...fields.map(one => one[2])),
        )
      : null;
  const single = ([name, input]) => [
    name,
    request.static[name] === "number" ? readNumber(input.value, name) : input.value,
  ];
  const read = () => {
    const columns = readColumns(past.area.value, request.past, "past", times);
    if (!whole) return columns;
    const row = { past: columns };
    if (series.length) row.series = series.length > 1 ? series.map(one => one[1].value) : series[0][1].value;
    if (future) row.future = readColumns(future.area.value, request.future, "ahead", times);
    if (still.length) row.static = Object.fromEntries(still.map(single));
    return row;
  };
  const write = row => {
    const given = whole && row?.past ? row : { past: row };
    past.area.value = columnsText(given.past, request.past);
    if (future) future.area.value = columnsText(given.future, request.future);
    series.forEach((one, i) => {
      one[1].value = (isNamed(given.series) ? given.series[one[0]] : [given.series ?? ""].flat()[i]) ?? "";
    });
    still.forEach(one => {
      one[1].value = given.static?.[one[0]] ?? "";
    });
  };
  return {
    node: make("div", {}, group("Series", series), past.node, future?.node, group("Of the series", still)),
    read,
    write,
  };
}
