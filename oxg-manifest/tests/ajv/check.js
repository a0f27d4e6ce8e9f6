// Checks that ajv accepts and refuses the same documents as the reader of this crate.
//
// node check.js SCHEMA-FOLDER DOCUMENTS
//
// DOCUMENTS holds one object a line: `text`, a JSON document, and `valid`, the reader's verdict.
// Every pair of draft and mode compiles its schema once, and all documents run in this process.

"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [schemas, documents] = process.argv.slice(2);
const drafts = [
  ["manifest.schema.json", require("ajv").default],
  ["manifest.schema.2020-12.json", require("ajv/dist/2020").default],
];
const lines = fs.readFileSync(documents, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));

let passed = 0;
let failed = 0;
for (const [file, Ajv] of drafts) {
  const schema = JSON.parse(fs.readFileSync(path.join(schemas, file), "utf8"));
  for (const options of [{}, { strict: true, allErrors: true }]) {
    const validate = new Ajv(options).compile(schema);
    for (const { text, valid } of lines) {
      if (validate(JSON.parse(text)) === valid) {
        passed += 1;
      } else {
        failed += 1;
        const why = valid ? `refused: ${JSON.stringify(validate.errors)}` : "accepted";
        if (failed <= 10) {
          console.error(`${file} ${JSON.stringify(options)}: ${why}: ${text}`);
        }
      }
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
