// Opens a history's page in a browser, wide and narrow, light and dark: nothing is loaded or refused, every chart is drawn, each change
// is in the tables, sorting and filtering work. `CHROMIUM=/usr/bin/chromium NODE_PATH=... node scripts/history_test.js PAGE`
"use strict";
const { chromium } = require("playwright-core");
const assert = require("node:assert/strict");
const page = "file://" + require("node:path").resolve(process.argv[2]);
async function tryOut(tab, width) {
  const faults = [];
  tab.on("console", (m) => m.type() === "error" && faults.push(m.text()));
  tab.on("pageerror", (e) => faults.push(String(e)));
  tab.on("request", (r) => /^(file|data):/.test(r.url()) || faults.push("loads " + r.url()));
  await tab.goto(page);
  const { schema, census, changes } = JSON.parse(await tab.textContent("#data"));
  assert.equal(schema, "ipcmark.history-page/1");
  assert.equal(await tab.locator(".changes tbody tr").count(), changes.length, "a change is missing");
  assert.equal(await tab.locator("#cells tbody tr").count(), census.series, "a series is missing");
  await tab.$$eval("details", (all) => all.forEach((fold) => (fold.open = true)));
  const charts = await tab.$$eval("[data-chart] svg", (all) => all.map((s) => ({ area: s.getBBox().width * s.clientHeight, words: s.querySelectorAll("title").length, rules: s.textContent.match(/[+-]\d+\.\d %/g)?.length ?? 0 })));
  assert.equal(charts.length, census.series - census.too_short, "a chart is missing");
  assert.ok(charts.every((c) => c.area > 0 && c.words > 1), "a chart is empty, or says nothing when pointed at");
  assert.ok(charts.filter((c) => c.rules > 0).length === census.changed, "a chart does not show its change");
  assert.equal(await tab.locator(".next li code:visible").count(), changes.length, "a change without the command that confirms it");
  assert.ok((await tab.evaluate(() => document.documentElement.scrollWidth)) <= width, "the page is too wide");
  const cut = await tab.$$eval(".scroll", (all) => all.filter((s) => s.offsetParent && s.scrollWidth > s.clientWidth + 1).map((s) => [s.closest("section").id, s.clientWidth, s.scrollWidth]));
  assert.deepEqual(cut.filter(() => width >= 1280), [], "tables that are cut off");
  const size = tab.locator(".changes th", { hasText: "Change" });
  for (const sign of [1, -1]) {
    await size.locator("button").click();
    const values = await tab.$$eval(".changes tbody tr", (rows) => rows.map((r) => Number(r.cells[1].dataset.sort)));
    assert.deepEqual(values, [...values].sort((a, b) => sign * (a - b)), "changes are not sorted");
  }
  await tab.fill("#filter", "no such series");
  assert.equal(await tab.locator("#cells tbody tr:visible").count(), 0, "the filter hides nothing");
  assert.deepEqual(faults, []);
}
(async () => {
  const off = ["background-networking", "component-update", "gpu", "quic", "sync"].map((what) => "--disable-" + what);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--no-first-run", ...off] });
  const tries = [[1280, "light"], [360, "dark"]].map(async ([width, colorScheme]) => tryOut(await browser.newPage({ viewport: { width, height: 900 }, colorScheme }), width));
  await Promise.all(tries).finally(() => browser.close());
})().catch((e) => { console.error(e); process.exit(1); });
