// Opens a report in a real browser and tries it: node scripts/report_test.js path/to/index.html
// Needs playwright-core on NODE_PATH, and Chromium: $CHROMIUM, else /usr/bin/chromium.
"use strict";
const assert = require("node:assert/strict");
const { resolve } = require("node:path");
const { chromium } = require("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const page_of = "file://" + resolve(process.argv[2] ?? assert.fail("name the index.html to test"));

(async () => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    for (const [width, colorScheme] of [[1280, "light"], [400, "dark"]]) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      const faults = [];
      page.on("console", (m) => m.type() === "error" && faults.push(m.text()));
      page.on("pageerror", (e) => faults.push(String(e)));
      page.on("request", (r) => /^(file|data):/.test(r.url()) || faults.push("loads " + r.url()));
      await page.goto(page_of);
      const data = JSON.parse(await page.textContent("#data"));
      assert.equal(data.schema, "ipcmark.report/1");
      const rows = data.summary.rows;
      assert.equal(await page.locator("#cells tbody tr").count(), rows.length);
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
      const sizes = await page.$$eval("[data-chart] svg", (all) => all.map((s) => s.getBBox().width * s.clientHeight));
      const charts = rows.some((r) => r.status.is === "measured" && !r.floor);
      assert.ok(!charts || sizes.length > 0, "no chart");
      assert.ok(sizes.every((s) => s > 0), "a chart is empty");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `the page is ${wide} px wide in a window of ${width}`);
      const head = page.locator("#cells th", { hasText: "p50" });
      const read = () => page.$$eval("#cells tbody tr", (all) => all.map((r) => r.cells[6].dataset.sort).filter(Boolean).map(Number));
      for (const sign of [1, -1]) {
        await head.locator("button").click();
        const values = await read();
        assert.deepEqual(values, [...values].sort((a, b) => sign * (a - b)), "p50 is not sorted");
      }
      await page.fill("#filter", "no such row");
      assert.equal(await page.locator("#cells tbody tr:visible").count(), 0, "the filter hides nothing");
      assert.deepEqual(faults, []);
      await page.close();
    }
  } finally {
    await browser.close();
  }
})().catch((e) => { console.error(e); process.exit(1); });
