// The log by HdrHistogram for JavaScript: sums of the lines of each tag have the percentiles of our curves and rows, exactly.
const fs = require("fs");
const { HistogramLogReader, build } = require("hdr-histogram-js");
const exports_ = process.argv[2];
const log = fs.readFileSync(`${exports_}/hlog`, "utf8");
const sums = new Map();
const reader = new HistogramLogReader(log, 64);
let lines = 0;
for (let one; (one = reader.nextIntervalHistogram()) !== null; lines++) {
  if (one.endTimeStampMsec < one.startTimeStampMsec || one.startTimeStampMsec < 1.6e12) throw new Error("times");
  if (!sums.has(one.tag)) sums.set(one.tag, build({ bitBucketSize: 64, numberOfSignificantValueDigits: 3 }));
  sums.get(one.tag).add(one);
}
if (lines !== log.split("\n").filter((line) => line.startsWith("Tag=")).length) throw new Error("lines were passed over");
let compared = 0;
for (const [tag, sum] of sums) {
  const [name, unit] = [tag.slice(0, tag.lastIndexOf(":")), tag.slice(tag.lastIndexOf(":") + 1)];
  if (unit.startsWith("ps-")) continue;
  const curve = fs.readFileSync(`${exports_}/hgrm/${name.replace(/[^A-Za-z0-9.@-]/g, "_")}.hgrm`, "utf8");
  const rows = curve.split("\n").slice(1).filter((row) => row && !row.startsWith("#")).map((row) => row.trim().split(/ +/).map(Number));
  if (rows.at(-1)[2] !== sum.totalCount) throw new Error(`${tag}: ${sum.totalCount} values`);
  for (const [value, , count] of rows) {
    // The row's own rank: a percentile that is rounded to twelve digits may fall next to it.
    const theirs = sum.getValueAtPercentile((100 * (count - 0.5)) / sum.totalCount);
    if (theirs !== value) throw new Error(`${tag}: value ${count} of ${sum.totalCount} is ${theirs}, ours ${value}`);
    compared++;
  }
}
if (compared < 100) throw new Error(`only ${compared} percentiles`);
const version = require("hdr-histogram-js/package.json").version;
console.log(`hdr-histogram-js ${version}: ${lines} lines of ${sums.size} tags, ${compared} percentiles exactly ours`);
