#!/usr/bin/env bash
# Checks with ajv that the JSON Schemas accept and refuse what this crate's reader does, and runs
# the very command of the plugin security guide on its example.
#
# It needs node, npm and a package registry. Without them it says so and exits 0, unless
# OXG_REQUIRE_AJV=1.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
crate=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
  echo "SKIPPED: the test with ajv: $1" >&2
  [ "${OXG_REQUIRE_AJV:-0}" = 1 ] && exit 1
  exit 0
}

command -v node >/dev/null || skip "there is no node"
command -v npm >/dev/null || skip "there is no npm"
cp "$here/package.json" "$here/check.js" "$work"
(cd "$work" && timeout 300 npm install --silent --no-audit --no-fund --ignore-scripts) ||
  skip "npm cannot install ajv-cli"

OXG_MANIFEST_DOCUMENTS="$work/documents.jsonl" cargo test --quiet -p oxg-manifest --test agreement \
  --manifest-path "$crate/Cargo.toml" documents_for_other_validators
node "$work/check.js" "$crate" "$work/documents.jsonl"

# As the guide has it: from a folder with the schema and the manifest.
cp "$crate/manifest.schema.json" "$crate/manifest.schema.2020-12.json" "$work"
cp "$crate/tests/data/guide.json" "$work/manifest.json"
cd "$work"
PATH="$work/node_modules/.bin:$PATH"
ajv validate -s manifest.schema.json -d manifest.json
ajv validate -s manifest.schema.json -d manifest.json --strict=true
ajv validate -s manifest.schema.2020-12.json -d manifest.json --spec=draft2020 --strict=true
sed -i 's/"isolated"/"anything"/' manifest.json
if ajv validate -s manifest.schema.json -d manifest.json 2>/dev/null; then
  echo "ajv accepts a manifest that is not valid" >&2
  exit 1
fi
