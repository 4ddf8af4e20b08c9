#!/usr/bin/env bash
# Builds the archive of a release with its checksum: archive.sh FOLDER [TARGET]
#
#   windlass-VERSION-TARGET.tar.gz    windlass-VERSION-TARGET/
#   windlass-VERSION-TARGET.tar.gz.sha256    windlass, README.md, LICENSE, CHANGELOG.md, completions/, man/
#
# TARGET is the machine that builds unless given. A static binary for Linux: x86_64-unknown-linux-musl or
# aarch64-unknown-linux-musl, with `rustup target add TARGET` and a C compiler for musl (`musl-gcc`, or Alpine). The
# same sources give the same archive.
set -euo pipefail
out=$(mkdir -p "${1:?folder}" && cd "$1" && pwd)
cd "$(dirname "$0")/../.."
host=$(rustc -vV | sed -n 's/^host: //p')
target=${2:-$host}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
cargo build --release --locked --target "$target"
built=${CARGO_TARGET_DIR:-target}/$target/release/windlass
runs=$built
if [ "$target" != "$host" ] && ! "$built" --version >/dev/null 2>&1; then
  # What is built for another machine does not run here: its texts are the same.
  cargo build --release --locked
  runs=${CARGO_TARGET_DIR:-target}/release/windlass
fi
name=windlass-$version-$target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$name/completions"
cp "$built" README.md LICENSE CHANGELOG.md "$work/$name/"
for shell in bash zsh fish powershell elvish; do
  "$runs" completions "$shell" >"$work/$name/completions/windlass.$shell"
done
"$runs" man --quiet --out "$work/$name/man"
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$work" -cf - "$name" | gzip -n >"$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "$out/$name.tar.gz"
