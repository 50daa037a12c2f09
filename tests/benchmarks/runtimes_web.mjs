// Answers batches with a file in onnxruntime-web (wasm, one thread).
//
//     node runtimes_web.mjs FOLDER FILE
//
// FOLDER is where npm has installed onnxruntime-web. Writes one line of JSON when the file is loaded, and one for each
// line it reads: a batch, {name: tensor}, is answered with {"answers": [tensor, ...]}, or {"error": message}. A tensor is
// {"type", "dims", "data"}: data are the bytes in base64, or the texts themselves.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};
const [folder, file] = process.argv.slice(2);
const ort = createRequire(join(resolve(folder), "package.json"))("onnxruntime-web");
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";

const write = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const said = (error) => ({ error: String(error?.message ?? error) });

function read({ type, dims, data }) {
  if (type === "string") return new ort.Tensor(type, data, dims);
  const bytes = Uint8Array.from(Buffer.from(data, "base64"));
  return new ort.Tensor(type, new ARRAYS[type](bytes.buffer), dims);
}

function written({ type, dims, data }) {
  if (type === "string") return { type, dims, data };
  return { type, dims, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64") };
}

async function answer(session, batch) {
  const feeds = Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [name, read(tensor)]));
  const found = await session.run(feeds);
  return { answers: session.outputNames.map((name) => written(found[name])) };
}

try {
  const options = { executionProviders: ["wasm"], logSeverityLevel: 4 };
  const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(file)), options);
  write({ version: ort.env.versions.web });
  for await (const line of createInterface({ input: process.stdin })) {
    write(await answer(session, JSON.parse(line)).catch(said));
  }
} catch (error) {
  write(said(error));
}
