// Opens a report in a real browser and tries it: node scripts/report_test.js path/to/index.html
// Needs playwright-core on NODE_PATH, and Chromium: $CHROMIUM, else /usr/bin/chromium.
const assert = require("node:assert/strict");
const { resolve } = require("node:path");
const { chromium } = require("playwright-core");
const report = "file://" + resolve(process.argv[2] ?? assert.fail("name the index.html to test"));
async function sorts(page, table, head, column) {
  const first = page.locator(table).first();
  for (const sign of [1, -1]) {
    await first.locator("th", { hasText: head }).first().locator("button").click();
    const values = await first.evaluate((t, at) => [...t.tBodies[0].rows].map((r) => r.cells[at].dataset.sort).filter(Boolean).map(Number), column);
    assert.deepEqual(values, [...values].sort((a, b) => sign * (a - b)), `${head} of ${table} is not sorted`);
  }
}
async function tryOut(page, width) {
  const faults = [];
  page.on("console", (m) => m.type() === "error" && faults.push(m.text()));
  page.on("pageerror", (e) => faults.push(String(e)));
  page.on("request", (r) => /^(file|data):/.test(r.url()) || faults.push("loads " + r.url()));
  await page.goto(report);
  const { schema, rules, summary } = JSON.parse(await page.textContent("#data"));
  assert.equal(schema, "ipcmark.report/1");
  assert.equal(await page.locator("#cells tbody tr").count(), summary.rows.length);
  await page.$$eval("details", (all) => all.forEach((fold) => (fold.open = true)));
  const areas = await page.$$eval("[data-chart] svg", (all) => all.map((s) => s.getBBox().width * s.clientHeight));
  const measured = new Set(summary.rows.filter((row) => row.status.is === "measured" && !row.floor).map((row) => row.key.pattern));
  assert.ok((areas.length > 0 || measured.size === 0) && areas.every((area) => area > 0), "a chart is missing or empty");
  const ranked = await page.$$eval("#rankings > h3", (all) => all.map((head) => head.textContent));
  assert.deepEqual([...measured].filter((pattern) => !ranked.includes(pattern)), [], "a workload has no ranking");
  assert.equal(await page.locator("#rules tbody tr:visible").count(), rules.length, "a rule is not shown");
  assert.ok(rules.length > 0 || (await page.textContent("#rules")).includes("ipcmark rules"), "no rules, and no word why");
  assert.ok((await page.textContent("#noise .verdict")).length > 20 && (await page.locator("#noise .signs li:visible").count()) > 0, "no word on the machine");
  const before = await page.evaluate(() => !!(document.getElementById("noise").compareDocumentPosition(document.getElementById("answer")) & Node.DOCUMENT_POSITION_FOLLOWING));
  assert.ok(before, "the machine's noise comes before the answer");
  const near = summary.rows.some((row) => row.figure && row.distance);
  assert.equal(await page.locator("#distances svg").count(), near ? 1 : 0, "the distances' chart");
  const costs = await page.locator("#costs tbody tr:visible").count();
  assert.equal(costs, summary.rows.filter((row) => row.figure && !row.floor).length, "a cell without its costs");
  await sorts(page, "#costs table", "CPU per", 3);
  if (await page.locator("#limits").count()) await sorts(page, "#limits table", "Median", 5);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, "the page is too wide");
  await sorts(page, "#cells", "p50", 4);
  // B10: no value stands one letter a line.
  const narrow = await page.$$eval("dd", (all) => all.filter((d) => d.offsetParent && d.clientWidth < 60 && d.clientHeight > 3 * parseFloat(getComputedStyle(d).fontSize)).map((d) => d.textContent));
  assert.deepEqual(narrow, [], "values in columns that collapsed");
  // B11: the filter's own example shows what it names and nothing else.
  const example = (await page.getAttribute("#filter", "placeholder")).replace(/^e\.g\. /, "");
  assert.equal(example, "unix 64 B cross-core");
  await page.fill("#filter", example);
  const named = (key) => `${key.transport} ${key.placement}`.split(/[ /-]/).some((word) => word.startsWith("unix")) && key.size_bytes === 64 && key.placement === "cross-core";
  const shown = await page.$$eval("#cells tbody tr", (all) => all.filter((row) => !row.hidden).map((row) => row.cells[0].textContent));
  const wanted = summary.rows.filter((row) => named(row.key)).map((row) => row.key.transport);
  assert.deepEqual(wanted.filter((name) => !shown.some((text) => text.includes(name))), [], "the filter's example hides what it names");
  assert.equal(shown.length, wanted.length, "the filter's example shows what it does not name: " + shown);
  // B12: from 1,280 pixels on each table fits; narrower ones can be scrolled to their end.
  const cut = await page.$$eval(".scroll", (all) => all.filter((s) => s.offsetParent && s.scrollWidth > s.clientWidth + 1).map((s) => ({ of: s.closest("section").id, head: s.closest("details")?.querySelector("summary").textContent, room: s.clientWidth, width: s.scrollWidth, overflow: getComputedStyle(s).overflowX })));
  assert.deepEqual(cut.filter((table) => width >= 1280 || table.overflow !== "auto"), [], "tables that are cut off");
  await page.fill("#filter", "no such row");
  assert.equal(await page.locator("#cells tbody tr:visible").count(), 0, "the filter hides nothing");
  assert.deepEqual(faults, []);
}
(async () => {
  const off = ["background-networking", "component-update", "gpu", "quic", "sync"].map((what) => "--disable-" + what);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--no-first-run", ...off] });
  const page = (width, colorScheme) => browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const tries = [[1400, "light"], [1280, "light"], [360, "dark"]].map(async ([width, colours]) => tryOut(await page(width, colours), width));
  await Promise.all(tries).finally(() => browser.close());
})().catch((e) => { console.error(e); process.exit(1); });
