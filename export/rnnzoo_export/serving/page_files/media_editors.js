const LONGEST_RECORDING = 30; // seconds

/** Decodes a file of sound to samples of one channel at a rate. */
async function decodeSound(buffer, rate) {
  const context = new OfflineAudioContext(1, 1, rate); // it resamples to its own rate
  const sound = await context.decodeAudioData(buffer).catch(() => {
    throw Error("this browser cannot read it as sound. Open a WAV file.");
  });
  const channels = Array.from({ length: sound.numberOfChannels }, (_, i) => sound.getChannelData(i));
  const mean = i => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length;
  return Array.from({ length: sound.length }, (_, i) => Number(mean(i).toFixed(5)));
}

/** A WAV file of samples from -1 to 1, or of 16-bit integers, to listen to. */
function wavOf(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const whole = extentOf(samples).some(sample => Math.abs(sample) > 2);
  const text = (at, letters) =>
    [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  text(8, "WAVEfmt ");
  text(36, "data");
  [
    [4, 36 + 2 * samples.length],
    [16, 16],
    [24, rate],
    [28, 2 * rate],
    [40, 2 * samples.length],
  ].forEach(([at, value]) => view.setUint32(at, value, true));
  [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ].forEach(([at, value]) => view.setUint16(at, value, true));
  samples.forEach((sample, i) =>
    view.setInt16(44 + 2 * i, Math.max(-1, Math.min(1, whole ? sample / 32768 : sample)) * 32767, true),
  );
  return new Blob([view.buffer], { type: "audio/wav" });
}

/** The least and the greatest sample of each of a few hundred stretches of a sound, after the time of the stretch. */
function outlineOf(samples, rate) {
  const size = Math.max(1, Math.ceil(samples.length / 400));
  const points = [];
  for (let i = 0; i < samples.length; i += size)
    points.push([i / rate, ...extentOf(samples.slice(i, i + size))]);
  return points;
}

function soundEditor(model, changed) {
  const rate = model.sample_rate;
  const shown = make("div");
  const told = make("p", { className: "hint", role: "status" });
  let samples = [];
  let address = "";
  const show = () => {
    URL.revokeObjectURL(address);
    if (!samples.length) {
      shown.replaceChildren();
      told.textContent = "No sound yet.";
      return;
    }
    address = URL.createObjectURL(wavOf(samples, rate));
    const band = outlineOf(samples, rate);
    told.textContent = `${short(samples.length / rate, 3)} s, ${samples.length} samples at ${rate} Hz.`;
    shown.replaceChildren(
      make("audio", { controls: true, src: address }),
      chartOf({
        title: "The sound",
        xLabel: "seconds",
        yLabel: "amplitude",
        lines: [],
        band,
        bandStyle: "sound",
      }),
    );
  };
  const open = async file => {
    samples = await decodeSound(await file.arrayBuffer(), rate);
    show();
    changed();
  };
  return {
    node: make(
      "div",
      {},
      fileField(
        "Sound",
        "audio/*,.wav",
        open,
        `A WAV file, or another that the browser can read; it is brought to ${rate} Hz and one channel.`,
      ),
      microphone(blob => open(blob)),
      told,
      shown,
    ),
    read: () => {
      if (!samples.length) throw Error("There is no sound. Open a file or record one.");
      return samples;
    },
    write: row => {
      samples = row ?? [];
      show();
    },
  };
}

/** A button that records, and stops. */
function microphone(recorded) {
  const button = make("button", { type: "button", className: "plain" }, "Record");
  if (!navigator.mediaDevices || !window.MediaRecorder) {
    button.disabled = true;
    return field(
      "Microphone",
      button,
      "Browsers give the microphone to pages of https and of this machine only.",
    );
  }
  let recorder = null;
  const start = async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const chunks = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", event => chunks.push(event.data));
    recorder.addEventListener("stop", async () => {
      stream.getTracks().forEach(track => track.stop());
      [recorder, button.textContent] = [null, "Record"];
      await recorded(new Blob(chunks)).then(
        () => problem(""),
        error => problem(`microphone: ${error.message}`),
      );
    });
    recorder.start();
    button.textContent = "Stop";
    const own = recorder;
    setTimeout(() => {
      if (own.state === "recording") own.stop();
    }, 1000 * LONGEST_RECORDING);
  };
  button.addEventListener("click", () => {
    if (recorder) recorder.stop();
    else start().catch(error => problem(`microphone: ${error.message}`));
  });
  return field("Microphone", button);
}

/** A video: an array of frames from a file. */
function videoEditor(model, changed) {
  const [height, width, channels] = model.frame_shape;
  const shown = make("div");
  const told = make("p", { className: "hint", role: "status" });
  let frames = [];
  const show = () => {
    told.textContent = frames.length
      ? `${shapeOf(frames).join(" x ")}: frames, rows, columns, channels.`
      : "No frames yet.";
    shown.replaceChildren(...(frames.length ? [framesOf(frames, height, width, channels)] : []));
  };
  const open = async file => {
    const array = await readArray(file);
    const sizes = shapeOf(array);
    const [one, ...more] =
      sizes.length === 5 && sizes[0] === 1 ? [array[0], ...sizes.slice(1)] : [array, ...sizes];
    const given =
      more.length === 3 && channels === 1
        ? one.map(frame => frame.map(row => row.map(value => [value])))
        : one;
    if (shapeOf(given).slice(1).join() !== model.frame_shape.join())
      throw Error(`received ${sizes.join(" x ")}; expected frames x ${model.frame_shape.join(" x ")}.`);
    frames = given;
    show();
    changed();
  };
  return {
    node: make(
      "div",
      {},
      fileField(
        "Video",
        ".npy,.json",
        open,
        `An array of frames x ${model.frame_shape.join(" x ")}, as numpy.save or JSON writes it.`,
      ),
      told,
      shown,
    ),
    read: () => {
      if (!frames.length) throw Error("There are no frames. Open a file.");
      return frames;
    },
    write: row => {
      frames = row ?? [];
      show();
    },
  };
}

/** Small pictures of the first frames, from the least value, dark, to the greatest. */
function framesOf(frames, height, width, channels) {
  const [least, most] = rangeOf(frames.flat(3));
  const pictures = frames.slice(0, 24).map(frame => {
    const canvas = make("canvas", { width, height });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    frame.flat().forEach((pixel, i) => {
      const light = k => (255 * (pixel[channels > 2 ? k : 0] - least)) / (most - least || 1);
      image.data.set([light(0), light(1), light(2), 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
    return canvas;
  });
  return make(
    "div",
    { className: "frames", role: "img", "aria-label": `The first ${pictures.length} frames` },
    ...pictures,
  );
}
