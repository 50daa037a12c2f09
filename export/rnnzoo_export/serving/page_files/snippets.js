const LONGEST_COMMAND = 2000; // characters of a body that still fit into a command

const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;

/** The command for a shell. */
function curlOf(address, body, { key, file, streamed }) {
  const lines = [`curl ${streamed ? "-N " : ""}${quoted(address)}`, "-H 'Content-Type: application/json'"];
  if (key) lines.push('-H "Authorization: Bearer $API_KEY"');
  lines.push(file ? `--data-binary @${file}` : `-d ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

/** The program, which needs Python alone. */
function pythonOf(address, body, { key, file, streamed, result }) {
  const headers = [
    '"Content-Type": "application/json"',
    ...(key ? ['"Authorization": f"Bearer {os.environ[\'API_KEY\']}"'] : []),
  ];
  const imports = [
    "import json",
    ...(key ? ["import os"] : []),
    ...(file ? ["from pathlib import Path"] : []),
    "from urllib.request import Request, urlopen",
  ];
  const data = file ? `Path("${file}").read_bytes()` : "json.dumps(body).encode()";
  const asked = [
    ...imports,
    "",
    ...(file ? [] : [`body = ${toPython(JSON.parse(body))}`]),
    `request = Request(`,
    `    ${JSON.stringify(address)},`,
    `    data=${data},`,
    `    headers={${headers.join(", ")}},`,
    `)`,
    "with urlopen(request) as response:",
  ];
  const read = streamed
    ? [
        "    for line in response:",
        '        if line.startswith(b"data:"):',
        '            print(json.loads(line[5:]).get("text_output", ""), end="", flush=True)',
      ]
    : [`    print(json.load(response)["${result}"])`];
  return [...asked, ...read].join("\n");
}

/** Shows how to send a body, or nothing where there is none. */
function showSnippets(request) {
  const file = element("file");
  const long = request !== null && request.body.length > LONGEST_COMMAND;
  element("long").hidden = !long;
  URL.revokeObjectURL(file.href);
  if (long) file.href = URL.createObjectURL(new Blob([request.body], { type: "application/json" }));
  const options = request && {
    ...request,
    key: element("key").value !== "",
    file: long ? file.download : "",
  };
  element("curl").textContent = request ? curlOf(request.address, request.body, options) : "";
  element("python").textContent = request ? pythonOf(request.address, request.body, options) : "";
  for (const button of document.querySelectorAll("[data-copies]")) button.disabled = !request;
}

/** Copies a text; where the browser does not allow that, it is marked. */
async function copy(id) {
  const text = element(id);
  try {
    await navigator.clipboard.writeText(text.textContent);
    element("copied").textContent = "Copied.";
    return true;
  } catch {
    getSelection().selectAllChildren(text);
    element("copied").textContent = "The browser does not let the page copy. The text is marked.";
    return false;
  }
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", async () => {
    const text = button.textContent;
    button.textContent = (await copy(button.dataset.copies)) ? "Copied" : "Marked";
    setTimeout(() => {
      button.textContent = text;
    }, 1500);
  });
}
