#!/usr/bin/env bash
# granian 2.8.9 says of --backpressure "Maximum number of requests to process concurrently (per worker)". It counts open
# connections: four clients that are answered and keep their connections open take four places, and the fifth, a check of
# health for instance, is answered only when one of them goes. Seen with Python 3.11 on 2026-11-29.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "granian==2.8.9"
cat > "$folder/app.py" <<'PYTHON'
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
PYTHON
cat > "$folder/ask.py" <<'PYTHON'
import importlib.metadata
import socket
import subprocess
import sys
import time

PLACES = 4
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(connection, seconds):
    """Sends one request; returns whether it is answered in time."""
    connection.settimeout(seconds)
    connection.sendall(REQUEST)
    try:
        return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except TimeoutError:
        return False


port = free_port()
server = subprocess.Popen(
    [sys.argv[1], "--interface", "asginl", "--workers", "1", "--no-log", "--port", str(port)]
    + ["--backpressure", str(PLACES), "app:app"]
)
try:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(PLACES)]
    answered = [ask(client, 5) for client in clients]
    one_more = socket.create_connection(("127.0.0.1", port))
    before = ask(one_more, 3)  # nothing is being processed now
    clients[0].close()
    one_more.settimeout(5)
    after = one_more.recv(4096).startswith(b"HTTP/1.1 200")
finally:
    server.terminate()
    server.wait(20)
print("granian", importlib.metadata.version("granian"), "with --backpressure", PLACES)
print("clients that are answered and stay connected:", sum(answered))
print("one more client is answered while no request is under way:", before)
print("... and after one of the others has closed its connection:", after)
sys.exit(0 if all(answered) and not before and after else 1)
PYTHON
cd "$folder"
timeout 60 "$folder/venv/bin/python" ask.py "$folder/venv/bin/granian"
