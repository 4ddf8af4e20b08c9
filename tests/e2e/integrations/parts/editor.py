"""Speaks with yaml-language-server: editor.py SERVER FOLDER [SCHEMAS]

With SCHEMAS, the schemas are found by a catalogue in that folder, served here at the port that it names, and not by the
first lines of the documents."""

import functools
import http.server
import json
import pathlib
import signal
import subprocess
import sys
import threading
import urllib.parse

server, folder = sys.argv[1], pathlib.Path(sys.argv[2])
signal.alarm(60)
process = subprocess.Popen([server, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
counter = 0
SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
diagnostics = {}
versions = {}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(schemas):
    """Serves a folder where its catalogue says that it is."""
    at = urllib.parse.urlsplit(json.loads((schemas / "catalog.json").read_text())["schemas"][0]["url"])
    handler = functools.partial(Quiet, directory=str(schemas))
    listener = http.server.ThreadingHTTPServer((at.hostname, at.port), handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    SETTINGS["yaml"]["schemaStore"] = {"enable": True, "url": f"http://{at.netloc}/catalog.json"}


def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    process.stdin.flush()


def receive():
    length = 0
    while (line := process.stdout.readline().strip()):
        name, value = line.split(b":")
        if name.lower() == b"content-length":
            length = int(value)
    message = json.loads(process.stdout.read(length))
    if message.get("method") == "textDocument/publishDiagnostics":
        diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
    elif "method" in message and "id" in message:
        items = message.get("params", {}).get("items", [])
        answer = [SETTINGS.get(item["section"], {}) for item in items]
        send({"id": message["id"], "result": answer if items else None})
    return message


def ask(method, params):
    global counter
    counter += 1
    send({"id": counter, "method": method, "params": params})
    while (message := receive()).get("id") != counter or "method" in message:
        pass
    if "error" in message:
        sys.exit(f"{method}: {message['error']}")
    return message["result"]


def write(path, text, wrong):
    """Opens or changes a text, and waits until the server has looked at it."""
    uri = path.as_uri()
    diagnostics.pop(uri, None)
    versions[uri] = versions.get(uri, 0) + 1
    document = {"uri": uri, "version": versions[uri]}
    if versions[uri] == 1:
        whole = {**document, "languageId": "yaml", "text": text}
        send({"method": "textDocument/didOpen", "params": {"textDocument": whole}})
    else:
        changes = {"textDocument": document, "contentChanges": [{"text": text}]}
        send({"method": "textDocument/didChange", "params": changes})
    while uri not in diagnostics or bool(diagnostics[uri]) != wrong:
        receive()
    return uri


if by_catalogue := len(sys.argv) > 3:
    serve(pathlib.Path(sys.argv[3]))
ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {"textDocument": {}}})
send({"method": "initialized", "params": {}})
send({"method": "workspace/didChangeConfiguration", "params": {"settings": SETTINGS}})
for name, key in [("system.yaml", "components"), ("environments/production.yaml", "target")]:
    path = folder / name
    text = path.read_text()
    if by_catalogue:
        text = text.replace("# yaml-language-server:", "# no longer:", 1)
    uri = write(path, text + "\nnothingLikeIt: 1\n", wrong=True)
    assert any("nothingLikeIt" in found["message"] for found in diagnostics[uri]), (name, diagnostics[uri])
    write(path, text, wrong=False)
    line = next(at for at, line in enumerate(text.splitlines()) if line.startswith(f"{key}:"))
    place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": 1}}
    hover = ask("textDocument/hover", place)
    assert hover and hover["contents"], (name, "hover")
    write(path, text + "\nnothingLikeIt: 1\n\n", wrong=True)
    place = {"textDocument": {"uri": uri}, "position": {"line": len(text.splitlines()) + 2, "character": 0}}
    offered = [item["label"] for item in ask("textDocument/completion", place)["items"]]
    assert "labels" in offered or "network" in offered, (name, offered)
process.kill()
