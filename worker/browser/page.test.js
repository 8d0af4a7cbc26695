// @ts-check
// The web page, as a visitor sees it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { card, openForm, output, submit } from "./card.js";
import { event, jsonOf, providers, streamOf } from "./providers.js";
import { addresses, deferred, screenshot, serve, startBrowser, timeout, visit, waitForText } from "./setup.js";

/** @type {{ respond: import("./setup.js").Handler }} */
const upstream = { respond: (_, __, response) => response.end() };

const server = await serve("upstream", (...args) => upstream.respond(...args));
const browser = await startBrowser();
after(async () => {
  await browser.close();
  server.close();
});

for (const locale of ["en-US", "zh-CN"]) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    for (const { device, width, height } of [{ device: "phone", width: 360, height: 740 }, { device: "desktop", width: 1280, height: 900 }]) {
      const name = `${locale}-${colorScheme}-${device}`;
      test(`${name}: complete, without errors and without external requests`, timeout, async (t) => {
        await checkPage(t, name, { locale, colorScheme, viewport: { width, height } });
      });
    }
  }
}

/**
 * @param {import("node:test").TestContext} t
 * @param {string} name
 * @param {import("playwright-core").BrowserContextOptions & { locale: string }} options
 */
async function checkPage(t, name, options) {
  const page = await visit(t, browser, addresses.open, options);
  const [running, error] = options.locale === "zh-CN" ? ["运行正常", "错误："] : ["Running", "Error: "];
  await waitForText(page.locator("#health"), running);
  assert.equal(await page.locator("html").getAttribute("lang"), options.locale.replace("-US", ""));
  await screenshot(page, name);
  for (const i of providers.keys()) {
    await unfold(page, i);
    for (const radio of await card(page, i).locator("[type=radio]").all()) {
      await radio.click();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "it scrolls sideways");
      assert.equal(await card(page, i).locator(".tabs > div").filter({ visible: true }).count(), 1);
    }
  }
  await unfold(page, 0);
  await card(page, 0).locator("[type=radio]").nth(3).click();
  await screenshot(page, `${name}-apps`);
  assert.deepEqual(page.problems, []);
  await openForm(page, 0);
  upstream.respond = streamOf(providers[0], ["Hello! ", "你好! ", "Bonjour !"]);
  await submit(page, 0, "sk-visitor");
  await waitForText(output(page, 0), "Hello! 你好! Bonjour !");
  await screenshot(page, `${name}-response`);
  assert.deepEqual(page.problems, []);
  upstream.respond = jsonOf(401, { error: { message: "Incorrect API key provided: sk-vis***tor." } });
  await submit(page, 0, "sk-visitor");
  await waitForText(output(page, 0), `${error}401 · Incorrect API key provided: sk-vis***tor.`);
  assert.ok(await contrast(output(page, 0).locator("em")) > 4.5, "the contrast of an error is too low");
  await screenshot(page, `${name}-error`);
  assert.deepEqual(page.requests.filter((url) => !url.startsWith(`${addresses.open}/`) && url !== "data:,"), []);
}

/**
 * @param {import("./setup.js").Locator} locator
 * @returns {Promise<number>} the contrast ratio of an element's text, from 1 to 21: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
 */
function contrast(locator) {
  return locator.evaluate((node) => {
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(2, 1).getContext("2d"));
    const paint = (/** @type {string} */ color, /** @type {number} */ x) => {
      context.fillStyle = color;
      context.fillRect(x, 0, 1, 1);
    };
    paint(getComputedStyle(node).color, 0);
    const backgrounds = [];
    for (let element = /** @type {Element | null} */ (node); element; element = element.parentElement) {
      backgrounds.unshift(getComputedStyle(element).backgroundColor);
    }
    paint(matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff", 1);
    backgrounds.forEach((color) => paint(color, 1));
    const { data } = context.getImageData(0, 0, 2, 1);
    const luminance = (/** @type {number} */ offset) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
      const c = data[offset + i] / 255;
      return sum + weight * (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    }, 0.05);
    const [low, high] = [luminance(0), luminance(4)].sort((a, b) => a - b);
    return high / low;
  });
}

/**
 * Unfolds a card and folds the others. The first one is open from the start.
 * @param {import("./setup.js").Page} page
 * @param {number} i
 */
async function unfold(page, i) {
  if (await card(page, i).locator("details").getAttribute("open") === null) {
    await card(page, i).locator("b").click();
  }
}

test("the link switches languages", timeout, async (t) => {
  const page = await visit(t, browser, addresses.open, { locale: "de-DE" });
  await page.getByText("中文").click();
  await page.locator("html[lang=zh-CN]").waitFor({ state: "attached" });
  await page.getByText("English").click();
  await page.locator("html[lang=en]").waitFor({ state: "attached" });
});

test("copy buttons fill the clipboard", timeout, async (t) => {
  const page = await visit(t, browser, addresses.open, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.clock.pauseAt(Date.now() + 1000);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  for (const [i, { path, code }] of providers.entries()) {
    await unfold(page, i);
    const base = card(page, i).locator("> button");
    await base.click();
    await waitForText(base, "Copied");
    await page.clock.runFor(5000);
    await waitForText(base, "Copy");
    assert.equal(await clipboard(), addresses.open + path);
    for (const [nth, part] of code.entries()) {
      await card(page, i).locator("[type=radio]").nth(nth).click();
      const button = card(page, i).locator(".tabs > div").nth(nth).locator("button");
      await button.click();
      await waitForText(button, "Copied");
      const got = await clipboard();
      assert.ok(got.includes(part) && got.includes(addresses.open + path), got);
    }
  }
  assert.deepEqual(page.problems, []);
});

test("tabs work with the keyboard", timeout, async (t) => {
  const page = await visit(t, browser, addresses.open);
  const shown = () => card(page, 0).locator(".tabs > div").filter({ visible: true });
  await card(page, 0).locator("summary").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  assert.match(await shown().innerText(), /from openai import OpenAI/);
  assert.equal(await page.getByRole("radio", { name: "Python" }).first().isChecked(), true);
  const outline = await page.evaluate(() => getComputedStyle(/** @type {Element} */ (document.activeElement)).outlineStyle);
  assert.notEqual(outline, "none");
  await page.keyboard.press("ArrowLeft");
  assert.match(await shown().innerText(), /curl -N/);
});

for (const [i, provider] of providers.entries()) {
  test(`${provider.id}: a response is shown as it arrives`, timeout, async (t) => {
    const page = await visit(t, browser, addresses.open);
    const shown = deferred();
    const received = deferred();
    upstream.respond = async (request, body, response) => {
      received.resolve({ url: request.url, headers: request.headers, body: JSON.parse(body) });
      response.writeHead(200, { "content-type": "text/event-stream" });
      // In two pieces, split within a character.
      const [first, second] = [event(provider, "Grüße, "), event(provider, "Welt")].map((text) => Buffer.from(text));
      const cut = first.indexOf("ü") + 1;
      response.write(first.subarray(0, cut));
      response.write(first.subarray(cut));
      await shown.promise;
      response.end(second + provider.end);
    };
    await unfold(page, i);
    await openForm(page, i);
    await submit(page, i, "sk-visitor", 'Say "model" for $me\n');
    await waitForText(output(page, i), "Grüße, ");
    await waitForText(card(page, i).locator("[name=send]"), "Stop");
    shown.resolve();
    await waitForText(output(page, i), "Grüße, Welt");
    await waitForText(card(page, i).locator("[name=send]"), "Send");
    const { url, headers, body } = await received.promise;
    assert.equal(url, provider.url);
    assert.equal(headers[provider.auth], provider.auth === "authorization" ? "Bearer sk-visitor" : "sk-visitor");
    assert.deepEqual(body, provider.body('Say "model" for $me\n'));
    assert.deepEqual(page.problems, []);
  });
}

test("Stop cancels the upstream request and keeps the text", timeout, async (t) => {
  const page = await visit(t, browser, addresses.open);
  const closed = deferred();
  upstream.respond = (request, body, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event(providers[0], "so far"));
    response.on("close", () => closed.resolve("closed"));
  };
  await openForm(page, 0);
  await submit(page, 0, "sk-visitor");
  await waitForText(output(page, 0), "so far");
  await card(page, 0).locator("[name=send]").click();
  assert.equal(await closed.promise, "closed");
  await waitForText(card(page, 0).locator("[name=send]"), "Send");
  await waitForText(output(page, 0), "so far");
  upstream.respond = streamOf(providers[0], ["again"]);
  await submit(page, 0, "sk-visitor");
  await waitForText(output(page, 0), "again");
});

test("errors show the provider's message", timeout, async (t) => {
  const page = await visit(t, browser, addresses.open);
  for (const [i, { error, message }] of providers.entries()) {
    upstream.respond = jsonOf(401, error);
    await unfold(page, i);
    await openForm(page, i);
    await submit(page, i, "sk-wrong");
    await waitForText(output(page, i), `Error: 401 · ${message}`);
  }
  upstream.respond = (request, body, response) => {
    response.writeHead(503);
    response.end("no JSON");
  };
  await submit(page, 3, "sk-wrong");
  await waitForText(output(page, 3), "Error: 503 · no JSON");
  for (const { error, message } of [
    { error: { code: "invalid", error: "Incorrect API key" }, message: "Incorrect API key" },
    { error: { detail: 'no "key"\n第二行 \\' }, message: 'no "key"\n第二行 \\' },
    { error: [{ error: { code: 400, message: "in a list" } }], message: "in a list" },
  ]) {
    upstream.respond = jsonOf(400, error);
    await submit(page, 3, "sk-wrong");
    await waitForText(output(page, 3), `Error: 400 · ${message}`);
  }
  upstream.respond = jsonOf(200, { error: { message: "not a stream" } });
  await submit(page, 3, "sk-wrong");
  await waitForText(output(page, 3), "Error: 200 · not a stream");
});

test("errors within a stream are shown after the text", timeout, async (t) => {
  const page = await visit(t, browser, addresses.open);
  for (const [i, provider] of providers.entries()) {
    await unfold(page, i);
    await openForm(page, i);
    for (const broken of [provider.broken, "event: error\ndata: Overloaded\n\n"]) {
      upstream.respond = (request, body, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(event(provider, "so far ") + broken + event(provider, "never"));
      };
      await submit(page, i, "sk-visitor");
      await waitForText(output(page, i), "so far Error: Overloaded");
      assert.equal(await output(page, i).locator("em").textContent(), "Error: Overloaded");
      await waitForText(card(page, i).locator("[name=send]"), "Send");
    }
  }
});

test("the health is shown", timeout, async (t) => {
  for (const { response, want } of [
    { response: { json: { service: "cfproxy", colo: "AMS" } }, want: "Running · AMS" },
    { response: { json: { service: "cfproxy", colo: null } }, want: "Running" },
    { response: { status: 500, json: { error: { code: "bad_config" } } }, want: "Not answering" },
    { response: { contentType: "text/html", body: "<title>Sign in</title>" }, want: "Not answering" },
    { response: null, want: "Not answering" },
  ]) {
    const page = await visit(t, browser, "about:blank");
    await page.route("**/-/health", (route) => response ? route.fulfill(response) : route.abort());
    await page.goto(addresses.open);
    await waitForText(page.locator("#health"), want);
  }
});

test("a relay with all providers is usable on a phone", timeout, async (t) => {
  const page = await visit(t, browser, addresses.full, { viewport: { width: 360, height: 740 } });
  const count = await page.locator("article").count();
  assert.ok(count > 20, `${count} cards`);
  await screenshot(page, "full-phone");
  for (const i of Array(count).keys()) {
    await unfold(page, i);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "it scrolls sideways");
    assert.equal(await page.locator("details[open]").count(), 1);
    await card(page, i).locator("b").evaluate((name) => new Promise((resolve) => {
      new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting && resolve(undefined)).observe(name);
    }));
  }
  assert.deepEqual(page.problems, []);
});

test("the key is not stored", timeout, async (t) => {
  const page = await visit(t, browser, addresses.open);
  upstream.respond = streamOf(providers[0], ["done"]);
  await openForm(page, 0);
  await submit(page, 0, "sk-secret-of-mine");
  await waitForText(output(page, 0), "done");
  const stored = await page.evaluate(async () => JSON.stringify([
    location.href, document.cookie, { ...localStorage }, { ...sessionStorage }, history.state, name,
    await indexedDB.databases(), await caches.keys(), document.documentElement.outerHTML,
  ]));
  assert.equal(stored.includes("sk-secret"), false);
  assert.deepEqual(await page.context().cookies(), []);
  assert.equal(page.requests.some((url) => url.includes("sk-secret")), false);
  await page.reload();
  assert.equal(await card(page, 0).locator("[name=key]").inputValue(), "");
});

test("a managed relay shows its base URL and no form", timeout, async (t) => {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const page = await visit(t, browser, addresses.managed, { colorScheme });
    await waitForText(page.locator("#health"), "Running");
    assert.equal(await page.locator("form").count(), 0);
    assert.equal(await page.locator("summary code").textContent(), addresses.managed);
    assert.deepEqual(page.problems, []);
    await screenshot(page, `managed-${colorScheme}`);
  }
});

test("the page is readable without scripts", timeout, async (t) => {
  const page = await visit(t, browser, addresses.open, { javaScriptEnabled: false });
  assert.equal(await page.getByText(`${addresses.open}/anthropic`, { exact: true }).first().isVisible(), true);
  await page.getByRole("radio", { name: "Node" }).first().click();
  assert.equal(await page.getByText("new OpenAI(").isVisible(), true);
  assert.equal(await page.locator("button").filter({ visible: true }).count(), 0);
  await screenshot(page, "no-scripts");
});
