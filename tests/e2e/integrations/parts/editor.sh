# yaml-language-server over standard input and output, on the documents of `windlass init`.
if [ -d "$tools/node_modules/yaml-language-server" ]; then
  shop "$work/editor"
  works "yaml-language-server validates, completes and explains both documents" \
    python3 "$here/parts/editor.py" "$tools/node_modules/.bin/yaml-language-server" "$work/editor"
else
  skip yaml-language-server
fi
