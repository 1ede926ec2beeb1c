#!/usr/bin/env bash
# The built command on Deno and on Bun: the same verdicts, the same bytes as on Node. Fetches both runtimes from the
# package registry once; where that cannot be done it says so.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=node_modules/.cache/runtimes
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ ! -x "$cache/node_modules/.bin/deno" ] || [ ! -x "$cache/node_modules/.bin/bun" ]; then
  mkdir -p "$cache"
  npm install --no-save --no-audit --no-fund --prefix "$cache" deno@2 bun@1 >/dev/null
fi
bin=$PWD/$cache/node_modules/.bin

deno() { "$bin/deno" run --quiet --no-prompt "${@:1:$#}"; }

# The conformance suite, on each runtime that there is.
conform() {
  local said
  said=$("${@:2}" test/conformance/run.mjs) || { echo "$1: $said" >&2; return 1; }
  echo "$1: $said"
}
conform "Node $(node --version)" node
if newest=$(npx --yes node@latest --version 2>/dev/null); then conform "Node $newest" npx --yes node@latest; fi
conform "Deno" "$bin/deno" run --quiet --no-prompt --allow-read="$PWD"
conform "Bun" "$bin/bun"
"$bin/deno" publish --dry-run --allow-dirty --no-check --quiet >/dev/null 2>&1 || {
  echo "jsr.json: not fit to be published" >&2
  exit 1
}

# SQLite's check by each runtime's own engine: the verdicts that test/sqlite/databases.mjs writes down.
mkdir "$work/databases"
node test/sqlite/databases.mjs "$work/databases"
check() {
  local said
  said=$("${@:2}" test/sqlite/engine.mjs "$work/databases")
  echo "$1: $said"
  [[ $said == *"its own SQLite"* ]] || { echo "$1: SQLite's check was not made by its own engine" >&2; exit 1; }
}
# Node 20 has none.
echo "Node $(node --version): $(node test/sqlite/engine.mjs "$work/databases")"
if [ -n "$newest" ]; then check "Node $newest" npx --yes node@latest; fi
check "Deno" "$bin/deno" run --quiet --no-prompt --allow-read="$PWD,$work" --allow-write="$work" --allow-env
check "Bun" "$bin/bun"

node dist/cli/main.js restore examples/shop -o "$work/node.db" --quiet

# Exactly what the commands need: reading the package and the replica, writing next to the output, a few variables.
read=--allow-read=$PWD,$work
env=--allow-env
deno "$read" "$env" dist/cli/main.js verify examples/shop >/dev/null
TMPDIR=$work deno "$read" "$env" --allow-write="$work" dist/cli/main.js verify --level integrity examples/shop >/dev/null
deno "$read" "$env" --allow-write="$work" dist/cli/main.js restore examples/shop -o "$work/deno.db" --quiet
cmp "$work/node.db" "$work/deno.db"
if deno "$read" "$env" dist/cli/main.js restore examples/shop -o "$work/denied.db" --quiet 2>/dev/null; then
  echo "Deno wrote without permission" >&2
  exit 1
fi
echo "Deno $("$bin/deno" --version | head -n 1): verify and restore, the same bytes as Node"

"$bin/bun" dist/cli/main.js verify examples/shop >/dev/null
"$bin/bun" dist/cli/main.js restore examples/shop -o "$work/bun.db" --quiet
cmp "$work/node.db" "$work/bun.db"
echo "Bun $("$bin/bun" --version): verify and restore, the same bytes as Node"
