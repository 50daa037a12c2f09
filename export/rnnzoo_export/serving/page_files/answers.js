const percent = share => `${(100 * share).toFixed(1)} %`;

/** Shows an answer, whatever it holds; the row that it answers is drawn with it where that helps. */
function showAnswer(answer, row, model, parent) {
  const [leading, part] = leadingPart(row, model);
  if (answer === null || typeof answer !== "object" || Array.isArray(answer)) showOther(answer, parent);
  else if (isNamed(answer.values)) showValues(answer, leading, part, parent);
  else if (Array.isArray(answer.words)) showWords(answer, leading, parent);
  else if (Array.isArray(answer.labels) && Array.isArray(answer.probabilities)) showSteps(answer, parent);
  else if (isNamed(answer.next)) showBars(answer.next, [], "What comes next", parent);
  else if (isNamed(answer.probabilities)) showLabels(answer, parent);
  else if (typeof answer.text === "string") showText(answer, parent);
  else showOther(answer, parent);
}

const isNamed = value => value !== null && typeof value === "object" && !Array.isArray(value);

/** Shows what a decoding of one's own answers. */
function showOther(answer, parent) {
  parent.append(make("pre", {}, pretty(answer)));
}

/** The part of a row whose steps are answered, the first that has steps, and what it is. */
function leadingPart(row, model) {
  const found = Object.entries(model.parts ?? {}).find(
    ([, part]) => !["category", "numbers"].includes(part.takes),
  );
  return found ? [row[found[0]], found[1]] : [row, model];
}

function showLabels(answer, parent) {
  const chosen = [answer.label ?? answer.labels ?? []].flat();
  parent.append(make("p", { className: "best" }, chosen.join(", ") || "none of the labels"));
  showBars(answer.probabilities, chosen, "Probabilities", parent);
}

/** Bars of shares, the largest first; only some where there are many. */
function showBars(shares, chosen, title, parent) {
  const bars = Object.entries(shares)
    .sort((one, other) => other[1] - one[1])
    .map(([label, share]) => {
      const filled = make("i");
      filled.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
      const shown = label.trim() ? label : JSON.stringify(label);
      return make(
        "div",
        { className: chosen.includes(label) ? "bar chosen" : "bar" },
        make("div", {}, make("b", {}, shown), make("span", {}, percent(share))),
        make("div", { className: "track", "aria-hidden": "true" }, filled),
      );
    });
  parent.append(make("div", { role: "group", "aria-label": title }, ...bars.slice(0, 12)));
  if (bars.length > 12) parent.append(folded(`${bars.length - 12} more`, ...bars.slice(12)));
}

function showText(answer, parent) {
  parent.append(make("p", { className: "best" }, answer.text || "(nothing)"));
  const facts = Object.entries(answer).filter(
    ([name, value]) => name !== "text" && typeof value !== "object",
  );
  const told = facts.map(([name, value]) =>
    name === "ended"
      ? value
        ? "came to its end"
        : "cut at the greatest length"
      : `${name} ${name === "probability" ? percent(value) : short(value)}`,
  );
  parent.append(make("p", { className: "soft" }, told.join(", ")));
}

/** A colour for each kind of tag but the one of no entity. */
function tagColours(labels) {
  const kinds = [...new Set(labels)].filter(label => label !== "O").sort();
  return new Map(kinds.map((kind, i) => [kind, `tag-${i % 8}`]));
}

/** A text whose words are coloured by their tags, or by the entities that they make. */
function showWords(answer, row, parent) {
  const text = Array.isArray(row) ? null : Array.from(row); // places are counted in code points
  const spans =
    answer.entities ??
    answer.words.map(word => ({ label: word.tag, start: word.start, end: word.end, text: word.word }));
  const colours = tagColours(spans.map(span => span.label));
  const tagged = make("p", { className: "tagged" });
  let place = 0;
  const plain = end => {
    if (end > place) tagged.append(text ? text.slice(place, end).join("") : row.slice(place, end).join(" "));
  };
  for (const { label, start, end } of spans) {
    plain(start);
    if (!text && start) tagged.append(" ");
    const shown = text ? text.slice(start, end).join("") : row.slice(start, end).join(" ");
    tagged.append(
      make("mark", { className: colours.get(label) ?? "plain" }, shown, make("small", {}, label)),
    );
    place = end;
  }
  plain((text ?? row).length);
  parent.append(tagged);
  const counts = [...colours].map(([label, className]) =>
    make("li", {}, make("b", { className }, label), ` ${spans.filter(span => span.label === label).length}`),
  );
  if (counts.length)
    parent.append(make("ul", { className: "legend", "aria-label": "Labels and how often" }, ...counts));
  if (answer.entities) {
    parent.append(
      answer.entities.length
        ? tableOf(
            ["Entity", "Label", "From", "To"],
            answer.entities.map(one => [one.text, one.label, one.start, one.end]),
            "Entities",
          )
        : make("p", { className: "soft" }, "No entity was found."),
    );
  }
  const rows = answer.words.map(word => [
    word.word,
    word.tag,
    word.probability === undefined ? "" : percent(word.probability),
  ]);
  parent.append(folded("Every word", tableOf(["Word", "Tag", "Probability"], rows, "Words and their tags")));
}

/** The tags of the steps of a series, those that are alike beside each other in one stretch. */
function showSteps(answer, parent) {
  const { labels, probabilities } = answer;
  const kinds = [...new Set(labels)].sort();
  const colours = new Map(kinds.map((kind, i) => [kind, `tag-${i % 8}`]));
  const runs = [];
  labels.forEach((label, i) => {
    if (runs.at(-1)?.label === label) runs.at(-1).end = i + 1;
    else runs.push({ label, start: i, end: i + 1 });
  });
  const strip = make("div", { className: "strip", "aria-hidden": "true" });
  for (const run of runs) {
    const part = make("span", { className: colours.get(run.label), title: run.label });
    part.style.flexGrow = run.end - run.start;
    strip.append(part);
  }
  const counts = kinds.map(kind =>
    make(
      "li",
      {},
      make("b", { className: colours.get(kind) }, kind),
      ` ${labels.filter(label => label === kind).length}`,
    ),
  );
  parent.append(strip, make("ul", { className: "legend", "aria-label": "Tags and how often" }, ...counts));
  const mean = run =>
    percent(
      probabilities.slice(run.start, run.end).reduce((sum, share) => sum + share, 0) / (run.end - run.start),
    );
  parent.append(
    tableOf(
      ["Steps", "Tag", "Mean probability"],
      runs.map(run => [
        run.end - run.start > 1 ? `${run.start + 1} to ${run.end}` : run.end,
        run.label,
        mean(run),
      ]),
      "Tags of the steps",
    ),
  );
}

/** What steps are called on the axis of a forecast. */
function stepsAhead(request) {
  const step = request?.step;
  if (!step || step.unit === "number") return "steps ahead";
  return step.count === 1 ? `${step.unit}s ahead` : `steps of ${step.count} ${step.unit}s ahead`;
}

function showValues(answer, row, model, parent) {
  const past = row?.past ?? row;
  const last = lastTime(past, model.request);
  for (const [name, values] of Object.entries(answer.values)) {
    if (!Array.isArray(values)) {
      parent.append(make("p", { className: "soft" }, name), make("p", { className: "best" }, short(values)));
      continue;
    }
    const levels = Object.entries(answer.quantiles?.[name] ?? {})
      .map(([level, steps]) => [Number(level), steps])
      .sort((one, other) => one[0] - other[0]);
    const seen = historyOf(past, name, values.length);
    const ahead = { name: "forecast", style: 0, points: values.map((value, i) => [i + 1, value]) };
    const chart = {
      title: name,
      yLabel: name,
      whole: true,
      now: 0,
      xLabel: stepsAhead(model.request) + (last ? ` of ${last}` : ""),
      lines: [ahead],
    };
    if (seen.length) {
      chart.lines.unshift({ name: "past", style: "past", points: seen });
      ahead.points.unshift(seen.at(-1)); // so that the curve goes on where the past ends
      ahead.joined = true;
    }
    if (levels.length > 1) {
      const [low, high] = [levels[0], levels.at(-1)];
      chart.band = values.map((_, i) => [i + 1, low[1][i], high[1][i]]);
      chart.bandName = `${short(100 * (high[0] - low[0]))} % interval`;
    }
    const head = [
      "Step",
      ...(levels.length ? levels.map(([level]) => `${short(100 * level)} %`) : ["Forecast"]),
      ...(answer.scale ? ["Scale"] : []),
    ];
    const lines = values.map((value, i) => [
      `+${i + 1}`,
      ...(levels.length ? levels.map(level => short(level[1][i])) : [short(value)]),
      ...(answer.scale ? [short(answer.scale[name][i])] : []),
    ]);
    parent.append(
      chartOf(chart),
      folded(`The numbers of ${name}`, tableOf(head, lines, `Forecast of ${name}`)),
    );
  }
}

/** The last values of a column of the past, no more than a picture of so many steps ahead can use. */
function historyOf(past, name, ahead) {
  const column = Array.isArray(past) ? past.map(step => step?.[name]) : past?.[name];
  if (!Array.isArray(column)) return [];
  const shown = column.slice(-Math.max(24, 3 * ahead));
  return shown.map((value, i) => [i + 1 - shown.length, value]).filter(point => Number.isFinite(point[1]));
}

function lastTime(past, request) {
  const column = request?.time?.columns?.[0];
  return column && past?.[column] ? String(past[column].at(-1) ?? "") : "";
}

const cellOf = value => (typeof value === "number" ? short(value) : String(value));

/** The tensors that a model answers. */
function showTensors(outputs, parent) {
  for (const { name, datatype, shape: sizes, data } of outputs) {
    parent.append(
      make("h3", {}, name),
      make("p", { className: "soft" }, `${datatype}, ${sizes.join(" x ")}`),
    );
    const flat = data.flat(Infinity);
    const last = sizes.at(-1) || 1;
    const rows = Array.from({ length: Math.min(50, Math.ceil(flat.length / last)) }, (_, i) => [
      i,
      ...flat
        .slice(i * last, (i + 1) * last)
        .slice(0, 50)
        .map(cellOf),
    ]);
    parent.append(
      tableOf(["Row", ...Array.from({ length: Math.min(50, last) }, (_, i) => String(i))], rows, name),
    );
    if (flat.length > 50 * last || last > 50)
      parent.append(make("p", { className: "soft" }, "The first 50 rows and columns are shown."));
  }
}
