/** Shows a number with few digits. */
function short(value, digits = 5) {
  if (typeof value !== "number" || !Number.isFinite(value)) return String(value);
  const text = String(Number(value.toPrecision(digits)));
  return text.length > digits + 6 ? value.toExponential(digits - 1) : text;
}

/** Splits a table that was typed or pasted: tabs, semicolons, commas or `otherwise` between cells, some in quotes. */
function parseTable(text, otherwise = " ") {
  const first = text.split("\n").find(line => line.trim()) ?? "";
  const between = ["\t", ";", ","].find(mark => first.includes(mark)) ?? otherwise;
  const rows = [[]];
  let cell = "";
  let quoted = false;
  let was_quoted = false;
  const close = () => {
    if (between !== " " || cell !== "" || was_quoted) rows.at(-1).push(was_quoted ? cell : cell.trim());
    cell = "";
    was_quoted = false;
  };
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (quoted && letter === '"' && text[i + 1] === '"') cell += text[++i];
    else if (letter === '"' && (quoted || !cell.trim()))
      [quoted, was_quoted, cell] = [!quoted, true, quoted ? cell : ""];
    else if (!quoted && letter === "\n") {
      close();
      rows.push([]);
    } else if (!quoted && letter === between) close();
    else if (quoted || (letter !== "\r" && !was_quoted)) cell += letter;
  }
  close();
  return rows.filter(row => row.some(value => value !== ""));
}

/** Reads a number, or says where there is none. */
function readNumber(text, where) {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value))
    throw Error(`${where}: "${text.slice(0, 40)}" is no number.`);
  return value;
}

/** Writes rows as lines with commas; what holds a comma, a quote or a line is quoted. */
function tableText(rows) {
  const written = cell => {
    const text = cell === null || cell === undefined ? "" : String(cell);
    return /[",;\t\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map(row => row.map(written).join(", ")).join("\n");
}

/** The sizes of nested lists. */
function shapeOf(value) {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

/** Puts a flat list into nested lists. */
function nested(flat, shape) {
  if (shape.length < 2) return Array.from(flat);
  const size = flat.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) =>
    nested(flat.slice(i * size, (i + 1) * size), shape.slice(1)),
  );
}

const NPY_TYPES = {
  f8: Float64Array,
  f4: Float32Array,
  i8: BigInt64Array,
  i4: Int32Array,
  i2: Int16Array,
  i1: Int8Array,
  u8: BigUint64Array,
  u4: Uint32Array,
  u2: Uint16Array,
  u1: Uint8Array,
  b1: Uint8Array,
};

/** Reads a file of numpy.save as nested lists. */
function readNpy(buffer) {
  const bytes = new Uint8Array(buffer);
  const text = new TextDecoder("latin1");
  if (bytes[0] !== 0x93 || text.decode(bytes.slice(1, 6)) !== "NUMPY")
    throw Error("this is no file of numpy.save.");
  const view = new DataView(buffer);
  const old = bytes[6] === 1;
  const begin = old ? 10 : 12;
  const end = begin + (old ? view.getUint16(8, true) : view.getUint32(8, true));
  const head = text.decode(bytes.slice(begin, end));
  const type = /'descr': *'[<|]?(\w+)'/.exec(head)?.[1];
  const shape = /'shape': *\(([^)]*)\)/.exec(head)?.[1];
  if (!NPY_TYPES[type] || shape === undefined || !head.includes("'fortran_order': False")) {
    throw Error("expected plain numbers in C order. Save numpy.ascontiguousarray(array).");
  }
  const flat = Array.from(new NPY_TYPES[type](buffer.slice(end)), Number);
  return nested(
    flat,
    shape
      .split(",")
      .filter(size => size.trim())
      .map(Number),
  );
}

/** Opens a file of numbers: of numpy.save, JSON, or a table. */
async function readArray(file) {
  if (file.name.endsWith(".npy")) return readNpy(await file.arrayBuffer());
  const text = await file.text();
  if (/^\s*[[{]/.test(text)) return JSON.parse(text);
  return parseTable(text).map((row, i) => row.map(cell => readNumber(cell, `line ${i + 1}`)));
}

/** JSON with a line for each entry, but lists of numbers in one line. */
function pretty(value, indent = "") {
  const flat = JSON.stringify(value) ?? "null";
  const inner = `${indent} `;
  if (
    flat.length < 80 ||
    typeof value !== "object" ||
    (shapeOf(value).length && typeof [value].flat(Infinity)[0] !== "object")
  )
    return flat;
  const entries = Array.isArray(value)
    ? value.map(one => pretty(one, inner))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${pretty(one, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${inner}${entries.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** Writes a value as Python does. */
function toPython(value) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(toPython).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, one]) => `${JSON.stringify(key)}: ${toPython(one)}`)
    .join(", ")}}`;
}
