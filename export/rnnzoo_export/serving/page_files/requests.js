/** The addresses of this server, below wherever a proxy has put it. */
const root = location.origin + location.pathname.replace(/\/*$/, "/");
const addressOf = (model, action) => `${root}v2/models/${encodeURIComponent(model.name)}/${action}`;

/** Asks the server, with the key that was typed in; what it refuses is thrown with its own words. */
async function post(address, body, signal) {
  const key = element("key").value;
  const headers = { "Content-Type": "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(address, { method: "POST", headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw Error(`The server does not answer: ${error.message}`);
  }
  if (response.ok) return response;
  const text = await response.text();
  if (response.status === 401 || response.status === 403) element("with-key").open = true;
  const refused = Error(messageOf(text) || `The server answers ${response.status}.`);
  refused.status = response.status;
  throw refused;
}

function messageOf(text) {
  try {
    const { error } = JSON.parse(text);
    return typeof error === "string" ? error : "";
  } catch {
    return "";
  }
}

/** Yields the data of server-sent events as they come. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    text = (text + (value ?? "")).replaceAll("\r\n", "\n");
    const events = text.split("\n\n");
    text = done ? "" : events.pop();
    for (const event of events) {
      const data = event
        .split("\n")
        .filter(line => line.startsWith("data:"))
        .map(line => line.slice(5).replace(/^ /, ""))
        .join("\n");
      if (data) yield JSON.parse(data);
    }
    if (done) return;
  }
}
