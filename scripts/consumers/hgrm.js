// Curves as the HdrHistogram plotter takes them: of lines that do not begin with '#', those of four numbers, the first over the last.
const fs = require("fs");
const folder = `${process.argv[2]}/hgrm`;
let points = 0, curves = 0;
for (const file of fs.readdirSync(folder)) {
  const text = fs.readFileSync(`${folder}/${file}`, "utf8");
  const plotted = text.split("\n").map((line) => line.trim()).filter((line) => !line.startsWith("#"))
    .map((line) => line.split(/ +/)).filter((words) => words.length === 4).map(([y, , , x]) => [parseFloat(x), parseFloat(y)])
    .filter(([x, y]) => !isNaN(x) && !isNaN(y));
  const rises = plotted.every(([x, y], at) => at === 0 || (x >= plotted[at - 1][0] && y >= plotted[at - 1][1]));
  if (plotted.length < 5 || plotted[0][0] !== 1 || !rises) throw new Error(`${file}: ${plotted.length} points, or they fall`);
  for (const said of ["Mean", "StdDeviation", "Max", "Total count", "Buckets", "SubBuckets"]) {
    if (!new RegExp(`#\\[.*${said} *= *[0-9.]+[,\\]]|, ${said} *= *[0-9.]+\\]`).test(text)) throw new Error(`${file}: no ${said}`);
  }
  points += plotted.length;
  curves++;
}
if (curves < 2) throw new Error("no curves");
console.log(`a reader in the manner of the HdrHistogram plotter: ${points} points of ${curves} curves`);
