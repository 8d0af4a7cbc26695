// The page for people, as they see it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { card, openTry, output, send } from "./card.js";
import { answerWith, event, providers, refuseWith } from "./provider.js";
import { keep, patience, places, serve, signal, startBrowser, textBecomes, visit } from "./setup.js";

const world = {};
const ends = {};

before(async () => {
  ends.upstream = await serve("upstream", (...all) => world.answer(...all));
  ends.browser = await startBrowser();
});
after(async () => {
  await ends.browser?.close();
  ends.upstream?.close();
});

for (const locale of ["en-US", "zh-CN"]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, width, height] of [["phone", 360, 740], ["desktop", 1280, 900]]) {
      const name = `${locale}-${colorScheme}-${device}`;
      test(`${name}: whole, quiet and at home`, patience, async (t) => {
        await lookAround(t, name, { locale, colorScheme, viewport: { width, height } });
      });
    }
  }
}

async function lookAround(t, name, look) {
  const page = await visit(t, ends.browser, places.open, look);
  const [running, error] = look.locale === "zh-CN" ? ["运行正常", "错误："] : ["Running", "Error: "];
  await textBecomes(page.locator("#health"), running);
  assert.equal(await page.locator("html").getAttribute("lang"), look.locale.replace("-US", ""));
  await keep(page, name);
  for (const [at] of providers.entries()) {
    await unfold(page, at);
    for (const radio of await card(page, at).locator("[type=radio]").all()) {
      await radio.click();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "it scrolls sideways");
      assert.equal(await card(page, at).locator(".tabs > div").filter({ visible: true }).count(), 1);
    }
  }
  await unfold(page, 0);
  await card(page, 0).locator("[type=radio]").nth(3).click();
  await keep(page, `${name}-apps`);
  assert.deepEqual(page.complaints, []);
  await openTry(page, 0);
  world.answer = answerWith(providers[0], ["Hello! ", "你好! ", "Bonjour !"]);
  await send(page, 0, "sk-visitor");
  await textBecomes(output(page, 0), "Hello! 你好! Bonjour !");
  await keep(page, `${name}-answered`);
  assert.deepEqual(page.complaints, []);
  world.answer = refuseWith(401, { error: { message: "Incorrect API key provided: sk-vis***tor." } });
  await send(page, 0, "sk-visitor");
  await textBecomes(output(page, 0), `${error}401 · Incorrect API key provided: sk-vis***tor.`);
  assert.ok(await contrast(output(page, 0).locator("em")) > 4.5, "an error is hard to read");
  await keep(page, `${name}-refused`);
  assert.deepEqual(page.asked.filter((url) => !url.startsWith(`${places.open}/`) && url !== "data:,"), []);
}

/** How much an element's colour stands out, as WCAG counts: from 1 to 21. */
function contrast(locator) {
  return locator.evaluate((node) => {
    const { data } = (() => {
      const pen = new OffscreenCanvas(2, 1).getContext("2d");
      const paint = (colour, x) => {
        pen.fillStyle = colour;
        pen.fillRect(x, 0, 1, 1);
      };
      paint(getComputedStyle(node).color, 0);
      const under = [];
      for (let at = node; at; at = at.parentElement) {
        under.unshift(getComputedStyle(at).backgroundColor);
      }
      paint(matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff", 1);
      under.forEach((colour) => paint(colour, 1));
      return pen.getImageData(0, 0, 2, 1);
    })();
    const light = (from) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
      const c = data[from + i] / 255;
      return sum + weight * (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    }, 0.05);
    const [low, high] = [light(0), light(4)].sort((a, b) => a - b);
    return high / low;
  });
}

/** Cards unfold one at a time; the first is so from the start. */
async function unfold(page, at) {
  if (await card(page, at).locator("details").getAttribute("open") === null) {
    await card(page, at).locator("b").click();
  }
}

test("the link switches languages", patience, async (t) => {
  const page = await visit(t, ends.browser, places.open, { locale: "de-DE" });
  await page.getByText("中文").click();
  await page.locator("html[lang=zh-CN]").waitFor({ state: "attached" });
  await page.getByText("English").click();
  await page.locator("html[lang=en]").waitFor({ state: "attached" });
});

test("copy buttons fill the clipboard", patience, async (t) => {
  const page = await visit(t, ends.browser, places.open, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.clock.pauseAt(Date.now() + 1000);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  for (const [at, { path, code }] of providers.entries()) {
    await unfold(page, at);
    const base = card(page, at).locator("> button");
    await base.click();
    await textBecomes(base, "Copied");
    await page.clock.runFor(5000);
    await textBecomes(base, "Copy");
    assert.equal(await clipboard(), places.open + path);
    for (const [nth, part] of code.entries()) {
      await card(page, at).locator("[type=radio]").nth(nth).click();
      const button = card(page, at).locator(".tabs > div").nth(nth).locator("button");
      await button.click();
      await textBecomes(button, "Copied");
      const got = await clipboard();
      assert.ok(got.includes(part) && got.includes(places.open + path), got);
    }
  }
  assert.deepEqual(page.complaints, []);
});

test("tabs are for the keyboard, too", patience, async (t) => {
  const page = await visit(t, ends.browser, places.open);
  const shown = () => card(page, 0).locator(".tabs > div").filter({ visible: true });
  await card(page, 0).locator("summary").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  assert.match(await shown().textContent(), /from openai import OpenAI/);
  assert.equal(await page.getByRole("radio", { name: "Python" }).first().isChecked(), true);
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none");
  await page.keyboard.press("ArrowLeft");
  assert.match(await shown().textContent(), /curl -N/);
});

for (const [at, provider] of providers.entries()) {
  test(`${provider.id}: an answer is seen as it comes`, patience, async (t) => {
    const page = await visit(t, ends.browser, places.open);
    const seen = signal();
    const asked = signal();
    world.answer = async (request, body, response) => {
      asked.resolve({ url: request.url, headers: request.headers, body: JSON.parse(body) });
      response.writeHead(200, { "content-type": "text/event-stream" });
      // In two pieces, the first of which ends within the event and a character of it.
      const [first, second] = [event(provider, "Grüße, "), event(provider, "Welt")].map((text) => Buffer.from(text));
      const cut = first.indexOf("ü") + 1;
      response.write(first.subarray(0, cut));
      response.write(first.subarray(cut));
      await seen.promise;
      response.end(second + provider.end);
    };
    await unfold(page, at);
    await openTry(page, at);
    await send(page, at, "sk-visitor", 'Say "model" for $me\n');
    await textBecomes(output(page, at), "Grüße, ");
    await textBecomes(card(page, at).locator("[name=send]"), "Stop");
    seen.resolve();
    await textBecomes(output(page, at), "Grüße, Welt");
    await textBecomes(card(page, at).locator("[name=send]"), "Send");
    const { url, headers, body } = await asked.promise;
    assert.equal(url, provider.url);
    assert.equal(headers[provider.auth], provider.auth === "authorization" ? "Bearer sk-visitor" : "sk-visitor");
    assert.deepEqual(body, provider.body('Say "model" for $me\n'));
    assert.deepEqual(page.complaints, []);
  });
}

test("Stop ends the upstream's request, and what came stays", patience, async (t) => {
  const page = await visit(t, ends.browser, places.open);
  const ended = signal();
  world.answer = (request, body, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event(providers[0], "so far"));
    response.on("close", () => ended.resolve("closed"));
  };
  await openTry(page, 0);
  await send(page, 0, "sk-visitor");
  await textBecomes(output(page, 0), "so far");
  await card(page, 0).locator("[name=send]").click();
  assert.equal(await ended.promise, "closed");
  await textBecomes(card(page, 0).locator("[name=send]"), "Send");
  await textBecomes(output(page, 0), "so far");
  world.answer = answerWith(providers[0], ["again"]);
  await send(page, 0, "sk-visitor");
  await textBecomes(output(page, 0), "again");
});

test("what goes wrong is said, with the provider's words", patience, async (t) => {
  const page = await visit(t, ends.browser, places.open);
  for (const [at, { refusal, said }] of providers.entries()) {
    world.answer = refuseWith(401, refusal);
    await unfold(page, at);
    await openTry(page, at);
    await send(page, at, "sk-wrong");
    await textBecomes(output(page, at), `Error: 401 · ${said}`);
  }
  world.answer = (request, body, response) => {
    response.writeHead(503);
    response.end("no JSON");
  };
  await send(page, 3, "sk-wrong");
  await textBecomes(output(page, 3), "Error: 503 · no JSON");
  for (const [value, said] of [
    [{ code: "invalid", error: "Incorrect API key" }, "Incorrect API key"],
    [{ detail: 'no "key"\n第二行 \\' }, 'no "key"\n第二行 \\'],
    [[{ error: { code: 400, message: "in a list" } }], "in a list"],
  ]) {
    world.answer = refuseWith(400, value);
    await send(page, 3, "sk-wrong");
    await textBecomes(output(page, 3), `Error: 400 · ${said}`);
  }
  world.answer = refuseWith(200, { error: { message: "not a stream" } });
  await send(page, 3, "sk-wrong");
  await textBecomes(output(page, 3), "Error: 200 · not a stream");
});

test("what goes wrong in mid-stream is said, too, and what came stays", patience, async (t) => {
  const page = await visit(t, ends.browser, places.open);
  for (const [at, provider] of providers.entries()) {
    await unfold(page, at);
    await openTry(page, at);
    for (const broken of [provider.broken, "event: error\ndata: Overloaded\n\n"]) {
      world.answer = (request, body, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.end(event(provider, "so far ") + broken + event(provider, "never"));
      };
      await send(page, at, "sk-visitor");
      await textBecomes(output(page, at), "so far Error: Overloaded");
      assert.equal(await output(page, at).locator("em").textContent(), "Error: Overloaded");
      await textBecomes(card(page, at).locator("[name=send]"), "Send");
    }
  }
});

test("the relay's state is what it says, and silence is no state", patience, async (t) => {
  for (const [answer, want] of [
    [{ json: { service: "cfproxy", colo: "AMS" } }, "Running · AMS"],
    [{ json: { service: "cfproxy", colo: null } }, "Running"],
    [{ status: 500, json: { error: { code: "bad_config" } } }, "Not answering"],
    [{ contentType: "text/html", body: "<title>Sign in</title>" }, "Not answering"],
    [null, "Not answering"],
  ]) {
    const page = await visit(t, ends.browser, "about:blank");
    await page.route("**/-/health", (route) => answer ? route.fulfill(answer) : route.abort());
    await page.goto(places.open);
    await textBecomes(page.locator("#health"), want);
  }
});

test("a relay for all providers is easy to walk through on a phone", patience, async (t) => {
  const page = await visit(t, ends.browser, places.full, { viewport: { width: 360, height: 740 } });
  const count = await page.locator("article").count();
  assert.ok(count > 20, `${count} cards`);
  await keep(page, "full-phone");
  for (const at of Array(count).keys()) {
    await unfold(page, at);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "it scrolls sideways");
    assert.equal(await page.locator("details[open]").count(), 1);
    await card(page, at).locator("b").evaluate((name) => new Promise((resolve) => {
      new IntersectionObserver((entries) => entries.at(-1).isIntersecting && resolve()).observe(name);
    }));
  }
  assert.deepEqual(page.complaints, []);
});

test("the key is in the page's memory and nowhere else", patience, async (t) => {
  const page = await visit(t, ends.browser, places.open);
  world.answer = answerWith(providers[0], ["done"]);
  await openTry(page, 0);
  await send(page, 0, "sk-secret-of-mine");
  await textBecomes(output(page, 0), "done");
  const kept = await page.evaluate(async () => JSON.stringify([
    location.href, document.cookie, { ...localStorage }, { ...sessionStorage }, history.state, name,
    await indexedDB.databases(), await caches.keys(), document.documentElement.outerHTML,
  ]));
  assert.equal(kept.includes("sk-secret"), false);
  assert.deepEqual(await page.context().cookies(), []);
  assert.equal(page.asked.some((url) => url.includes("sk-secret")), false);
  await page.reload();
  assert.equal(await card(page, 0).locator("[name=key]").inputValue(), "");
});

test("a managed relay shows where it is, and nothing to try", patience, async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await visit(t, ends.browser, places.managed, { colorScheme });
    await textBecomes(page.locator("#health"), "Running");
    assert.equal(await page.locator("form").count(), 0);
    assert.equal(await page.locator("summary code").textContent(), places.managed);
    assert.deepEqual(page.complaints, []);
    await keep(page, `managed-${colorScheme}`);
  }
});

test("without scripts there is all there is to read", patience, async (t) => {
  const page = await visit(t, ends.browser, places.open, { javaScriptEnabled: false });
  assert.equal(await page.getByText(`${places.open}/anthropic`, { exact: true }).first().isVisible(), true);
  await page.getByRole("radio", { name: "Node" }).first().click();
  assert.equal(await page.getByText("new OpenAI(").isVisible(), true);
  assert.equal(await page.locator("button").filter({ visible: true }).count(), 0);
  await keep(page, "no-scripts");
});
