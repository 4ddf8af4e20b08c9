"""Speaks with yaml-language-server: editor.py SERVER FOLDER"""

import json
import pathlib
import subprocess
import sys

server, folder = sys.argv[1], pathlib.Path(sys.argv[2])
process = subprocess.Popen([server, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
counter = 0
diagnostics = {}


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
        # The server asks for settings: it gets none.
        items = message.get("params", {}).get("items", [])
        send({"id": message["id"], "result": [None for _ in items] if items else None})
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


def open_text(path, text):
    uri = path.as_uri()
    diagnostics.pop(uri, None)
    document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
    send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
    while uri not in diagnostics:
        receive()
    return uri


def close(uri):
    send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": uri}}})
    diagnostics.pop(uri, None)


ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {"textDocument": {}}})
send({"method": "initialized", "params": {}})
settings = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
send({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}})
for name, key in [("system.yaml", "components"), ("environments/production.yaml", "target")]:
    path = folder / name
    text = path.read_text()
    uri = open_text(path, text)
    assert diagnostics[uri] == [], (name, diagnostics[uri])
    line = next(at for at, line in enumerate(text.splitlines()) if line.startswith(f"{key}:"))
    place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": 1}}
    hover = ask("textDocument/hover", place)
    assert hover and hover["contents"], (name, "hover")
    close(uri)
    wrong = open_text(path, text + "\nnothingLikeIt: 1\n")
    assert any("nothingLikeIt" in found["message"] for found in diagnostics[wrong]), (name, diagnostics[wrong])
    close(wrong)
    more = open_text(path, text + "\n\n")
    place = {"textDocument": {"uri": more}, "position": {"line": len(text.splitlines()) + 1, "character": 0}}
    offered = [item["label"] for item in ask("textDocument/completion", place)["items"]]
    assert "labels" in offered or "network" in offered, (name, offered)
    close(more)
process.kill()
