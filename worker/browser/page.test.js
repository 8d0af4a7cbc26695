// The page for people, as they see it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { keep, patience, places, serve, signal, startBrowser, textBecomes, visit } from "./setup.js";

const host = new URL(places.open).host;
const world = { answer: (request, body, response) => response.end(`{"asked":"${request.url}"}`) };
const ends = {};

before(async () => {
  ends.upstream = await serve("upstream", (...all) => world.answer(...all));
  ends.browser = await startBrowser();
});
after(() => Promise.all([ends.browser?.close(), ends.upstream?.close()]));

const looks = [];
for (const [locale, words] of [["en-US", "Working"], ["zh-CN", "运行正常"]]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, width, height] of [["phone", 360, 740], ["desktop", 1280, 900]]) {
      looks.push({ locale, words, colorScheme, device, viewport: { width, height } });
    }
  }
}

for (const { words, device, ...look } of looks) {
  const name = `${look.locale}-${look.colorScheme}-${device}`;
  test(`${name}: whole, quiet and at home`, patience, async (t) => {
    const page = await visit(t, ends.browser, places.open, look);
    await textBecomes(page.locator("#health"), `● ${words} `);
    assert.equal(await page.locator("html").getAttribute("lang"), look.locale.replace("-US", ""));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, "it scrolls sideways");
    await keep(page, name);
    await tab(page, 0, "last").click();
    await keep(page, `${name}-apps`);
    await trying(page, 0);
    world.answer = streaming("openai", ["Hello! ", "你好! ", "Bonjour !"]);
    await send(page, 0, "sk-visitor");
    await textBecomes(output(page, 0), "Hello! 你好! Bonjour !");
    await keep(page, `${name}-answered`);
    assert.deepEqual(page.complaints, []);
    world.answer = refusing(401, { error: { message: "Incorrect API key provided: sk-vis***tor." } });
    await send(page, 0, "sk-visitor");
    await textBecomes(output(page, 0), "⚠ 401 Incorrect API key provided: sk-vis***tor.");
    await keep(page, `${name}-refused`);
    assert.deepEqual(page.asked.filter((url) => !url.startsWith(places.open + "/") && !url.startsWith("data:")), []);
  });
}

const card = (page, at) => page.locator("article").nth(at);
const output = (page, at) => card(page, at).locator("output");
const tab = (page, at, which) => which === "last" ? card(page, at).locator("[type=radio]").last() : card(page, at).locator("[type=radio]").nth(which);

async function trying(page, at) {
  await tab(page, at, 3).click();
}

async function send(page, at, key, message = "Hello!") {
  const form = card(page, at).locator("form");
  await form.locator("[name=key]").fill(key);
  await form.locator("[name=message]").fill(message);
  await form.locator("[name=send]").click();
}

const shapes = {
  openai: (content) => ({ choices: [{ delta: { content } }] }),
};

function streaming(dialect, texts) {
  return (request, body, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(texts.map((text) => `data: ${JSON.stringify(shapes[dialect](text))}\n\n`).join("") + "data: [DONE]\n\n");
  };
}

function refusing(status, value) {
  return (request, body, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
}
