const PAPER = 280; // pixels of the paper, across and down
const FINE = 8; // pixels of which one that the model reads is made, likewise

/** A digit that is drawn, and the rows of pixels that are made of it, as the images of the training set are. */
function drawingEditor(model, changed) {
  const { height, width, most } = model.image;
  const canvas = make("canvas", { id: "pen", width: PAPER, height: PAPER, tabIndex: 0, role: "application" });
  canvas.setAttribute(
    "aria-label",
    "Paper: draw with the pointer; or move the pen with the arrow keys, put it down and lift it with the space bar",
  );
  const small = make("canvas", { className: "pixels", width, height });
  small.setAttribute("aria-hidden", "true");
  const clear = make("button", { type: "button", className: "plain" }, "Clear");
  const told = make(
    "span",
    { className: "hint", role: "status" },
    "Draw with the pointer. Or focus the paper: arrow keys move the pen, the space bar puts it down and lifts it.",
  );
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  let rows = blank(height, width);
  let shown = false; // whether the paper shows rows that were not drawn on it

  const update = () => {
    rows = pixelsOf(canvas, pen, height, width, most);
    showPixels(small, rows, most);
    changed();
  };
  const wipe = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, PAPER, PAPER);
    shown = false;
  };
  const stroke = (from, to) => {
    if (shown) wipe();
    Object.assign(pen, { lineWidth: 26, lineCap: "round", strokeStyle: "#111" });
    pen.beginPath();
    pen.moveTo(...from);
    pen.lineTo(...to);
    pen.stroke();
  };
  usePointer(canvas, stroke, update);
  useKeys(canvas, stroke, update, told);
  clear.addEventListener("click", () => {
    wipe();
    update();
  });
  wipe();
  return {
    node: make(
      "div",
      {},
      make(
        "div",
        { className: "drawing" },
        canvas,
        make(
          "figure",
          {},
          small,
          make("span", { className: "hint" }, `${height} x ${width}, as the model reads it`),
          clear,
        ),
      ),
      told,
    ),
    read: () => {
      if (!rows.flat().some(Boolean)) throw Error("The paper is empty. Draw a digit.");
      return rows;
    },
    write: given => {
      rows = given ?? blank(height, width);
      showPixels(small, rows, most);
      wipe();
      pen.imageSmoothingEnabled = false;
      pen.drawImage(small, 0, 0, PAPER, PAPER);
      shown = true;
    },
  };
}

const blank = (height, width) => Array.from({ length: height }, () => Array(width).fill(0));

function usePointer(canvas, stroke, update) {
  let last = null;
  const place = event => {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * PAPER) / box.width,
      ((event.clientY - box.top) * PAPER) / box.height,
    ];
  };
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(last, last);
  });
  canvas.addEventListener("pointermove", event => {
    if (!last) return;
    const to = place(event);
    stroke(last, to);
    last = to;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (last) update();
      last = null;
    });
  }
}

function useKeys(canvas, stroke, update, told) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  let at = [PAPER / 2, PAPER / 2];
  let down = false;
  canvas.addEventListener("keydown", event => {
    if (event.key === " ") {
      down = !down;
      if (down) {
        stroke(at, at);
        update();
      }
    } else if (moves[event.key]) {
      const to = at.map((place, i) => Math.min(PAPER - 14, Math.max(14, place + 14 * moves[event.key][i])));
      if (down) {
        stroke(at, to);
        update();
      }
      at = to;
    } else return;
    event.preventDefault();
    const [column, row] = at.map(place => Math.round(place / 14));
    told.textContent = `Pen ${down ? "down" : "up"}, column ${column} of 19, row ${row} of 19.`;
  });
}

/** Shows rows of pixels, ink dark. */
function showPixels(canvas, rows, most, least = 0) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  rows.flat().forEach((value, i) => {
    const gray = 255 - (255 * (value - least)) / (most - least || 1);
    image.data.set([gray, gray, gray, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

/** The smallest rectangle with all ink: left, top, width, height. */
function inkBox(pen) {
  const { data } = pen.getImageData(0, 0, PAPER, PAPER);
  let [left, top, right, bottom] = [PAPER, PAPER, -1, -1];
  for (let i = 0; i < PAPER * PAPER; i++) {
    if (data[4 * i] > 128) continue;
    const [x, y] = [i % PAPER, Math.floor(i / PAPER)];
    [left, top, right, bottom] = [
      Math.min(left, x),
      Math.min(top, y),
      Math.max(right, x),
      Math.max(bottom, y),
    ];
  }
  return right < 0 ? null : [left, top, right - left + 1, bottom - top + 1];
}

/** What was drawn, moved to the middle and made as large as digits are in training sets; a pixel is the ink in it. */
function pixelsOf(canvas, pen, height, width, most) {
  const box = inkBox(pen);
  if (!box) return blank(height, width);
  const margin = Math.min(height, width) > 20 ? 0.14 : 0; // small images are filled, larger ones have a margin
  const [across, down] = [width * FINE, height * FINE];
  const scale = Math.min((across * (1 - 2 * margin)) / box[2], (down * (1 - 2 * margin)) / box[3]);
  const fine = make("canvas", { width: across, height: down }).getContext("2d");
  fine.fillStyle = "#fff";
  fine.fillRect(0, 0, across, down);
  const [w, h] = [box[2] * scale, box[3] * scale];
  fine.drawImage(canvas, ...box, (across - w) / 2, (down - h) / 2, w, h);
  const { data } = fine.getImageData(0, 0, across, down);
  const share = (row, column) => {
    let sum = 0;
    for (let y = row * FINE; y < (row + 1) * FINE; y++)
      for (let x = column * FINE; x < (column + 1) * FINE; x++) sum += 255 - data[4 * (y * across + x)];
    const value = (most * sum) / (255 * FINE * FINE);
    return most > 1 ? Math.round(value) : Number(value.toFixed(3));
  };
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => share(row, column)),
  );
}
