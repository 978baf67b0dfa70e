// Opens a report in a real browser and tries it: node scripts/report_test.js path/to/index.html
// Needs playwright-core on NODE_PATH, and Chromium: $CHROMIUM, else /usr/bin/chromium.
const assert = require("node:assert/strict");
const { resolve } = require("node:path");
const { chromium } = require("playwright-core");
const report = "file://" + resolve(process.argv[2] ?? assert.fail("name the index.html to test"));
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
  assert.ok(rules.length > 0 || (await page.textContent("#rules")).includes("ipcmark verify"), "no rules, and no word why");
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, "the page is too wide");
  for (const sign of [1, -1]) {
    await page.locator("#cells th", { hasText: "p50" }).locator("button").click();
    const values = await page.$$eval("#cells tbody tr", (all) => all.map((r) => r.cells[6].dataset.sort).filter(Boolean).map(Number));
    assert.deepEqual(values, [...values].sort((a, b) => sign * (a - b)), "p50 is not sorted");
  }
  await page.fill("#filter", "no such row");
  assert.equal(await page.locator("#cells tbody tr:visible").count(), 0, "the filter hides nothing");
  assert.deepEqual(faults, []);
}
(async () => {
  const off = ["background-networking", "component-update", "gpu", "quic", "sync"].map((what) => "--disable-" + what);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--no-first-run", ...off] });
  const page = (width, colorScheme) => browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const tries = [[1280, "light"], [400, "dark"]].map(async ([width, colours]) => tryOut(await page(width, colours), width));
  await Promise.all(tries).finally(() => browser.close());
})().catch((e) => { console.error(e); process.exit(1); });
