# yaml-language-server over standard input and output, on the documents of `windlass init`.
if [ -d "$tools/node_modules/yaml-language-server" ]; then
  shop "$work/editor"
  works "yaml-language-server validates, completes and explains both documents" \
    python3 "$here/parts/editor.py" "$tools/node_modules/.bin/yaml-language-server" "$work/editor"
  free=$(python3 -c 'import socket; it = socket.socket(); it.bind(("127.0.0.1", 0)); print(it.getsockname()[1])')
  mkdir "$work/schemas"
  for name in system environment; do windlass schema "$name" >"$work/schemas/$name.schema.json"; done
  windlass schema catalogue --at "http://127.0.0.1:$free" >"$work/schemas/catalog.json"
  works "and by a catalogue, without a word in the documents" \
    python3 "$here/parts/editor.py" "$tools/node_modules/.bin/yaml-language-server" "$work/editor" "$work/schemas"
else
  skip yaml-language-server
fi
