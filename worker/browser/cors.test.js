// Apps of another origin, which call the relay as SDKs in a browser do.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answerWith, event, providers, refuseWith } from "./provider.js";
import { patience, places, serve, signal, startBrowser, visit } from "./setup.js";

const world = {};
const ends = {};

before(async () => {
  ends.upstream = await serve("upstream", (...all) => {
    world.asked.push(all[0]);
    return world.answer(...all);
  });
  ends.app = await serve("app", (request, body, response) => {
    response.setHeader("content-type", "text/html");
    response.end('<!doctype html><link rel="icon" href="data:,"><title>an app</title>');
  });
  ends.port = ends.app.address().port;
  ends.browser = await startBrowser();
});
after(async () => {
  await ends.browser?.close();
  ends.upstream?.close();
  ends.app?.close();
});

/** Opens the app where the relay named allowing lets it in, or at another origin. */
function open(t, host = "127.0.0.1") {
  world.asked = [];
  return visit(t, ends.browser, `http://${host}:${ends.port}/`);
}

/** Asks as the official SDKs do; reads the answer to its end. */
function ask(page, url, more = {}) {
  return page.evaluate(async ([url, more]) => {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: {
          "authorization": "Bearer sk-visitor", "content-type": "application/json",
          "x-stainless-lang": "js", "x-stainless-retry-count": "0", "x-stainless-helper-method": "stream",
        },
        body: "{}",
        ...more,
      });
      return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
    } catch (error) {
      return { failed: error.name };
    }
  }, [url, more]);
}

const chat = "/v1/chat/completions";

test("headers of SDKs pass the preflight, and limits can be read", patience, async (t) => {
  const page = await open(t);
  world.answer = (request, body, response) => {
    response.setHeader("x-ratelimit-remaining-requests", "59");
    response.setHeader("x-request-id", "req_1");
    response.setHeader("retry-after-ms", "20");
    response.setHeader("x-of-tomorrow", "1");
    answerWith(providers[0], ["Hi"])(request, body, response);
  };
  const { status, headers, text } = await ask(page, places.open + chat);
  assert.equal(status, 200);
  assert.equal(headers["x-ratelimit-remaining-requests"], "59");
  assert.equal(headers["x-request-id"], "req_1");
  assert.equal(headers["retry-after-ms"], "20");
  assert.equal(headers["x-of-tomorrow"], "1");
  assert.ok(text.startsWith(event(providers[0], "Hi")));
  assert.equal(world.asked.length, 1, "the preflight is the relay's to answer");
  assert.equal(world.asked[0].headers["x-stainless-lang"], "js");
  assert.equal(world.asked[0].headers.origin, undefined);
  assert.deepEqual(page.complaints, []);
});

test("an answer is read as it comes", patience, async (t) => {
  const page = await open(t);
  const seen = signal();
  world.answer = async (request, body, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    await seen.promise;
    response.end("data: 2\n\n");
  };
  await page.context().exposeFunction("read", (text) => text === "data: 1\n\n" && seen.resolve());
  const pieces = await page.evaluate(async (url) => {
    const answer = await fetch(url, { method: "POST", body: "{}", headers: { "x-stainless-os": "Unknown" } });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const pieces = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return pieces;
      }
      pieces.push(value);
      window.read(pieces.join(""));
    }
  }, places.open + chat);
  assert.deepEqual(pieces, ["data: 1\n\n", "data: 2\n\n"]);
});

test("refusals can be read: the provider's, and the relay's own", patience, async (t) => {
  const page = await open(t);
  world.answer = refuseWith(429, { error: { message: "slow down" } });
  const theirs = await ask(page, places.open + chat);
  assert.deepEqual([theirs.status, JSON.parse(theirs.text).error.message], [429, "slow down"]);
  world.answer = (request, body, response) => response.destroy();
  const broken = await ask(page, places.open + chat);
  assert.deepEqual([broken.status, broken.headers["x-cfproxy-error"]], [502, "upstream_unreachable"]);
  assert.equal(JSON.parse(broken.text).error.code, "upstream_unreachable");
  const lost = await ask(page, `${places.open}/-/nothing`);
  assert.deepEqual([lost.status, lost.headers["x-cfproxy-error"]], [404, "not_found"]);
  const keyless = await ask(page, places.managed + chat);
  assert.deepEqual([keyless.status, JSON.parse(keyless.text).error.code], [401, "token_missing"]);
});

test("an app that leaves ends the upstream's request", patience, async (t) => {
  const page = await open(t);
  const ended = signal();
  world.answer = (request, body, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    response.on("close", () => ended.resolve("closed"));
  };
  await page.evaluate(async (url) => {
    const stop = new AbortController();
    const answer = await fetch(url, { method: "POST", body: "{}", signal: stop.signal });
    await answer.body.getReader().read();
    stop.abort();
  }, places.open + chat);
  assert.equal(await ended.promise, "closed");
});

test("where the owner named origins, others are kept out by the browser", patience, async (t) => {
  const page = await open(t);
  world.answer = answerWith(providers[0], ["Hi"]);
  const allowed = await ask(page, places.allowing + chat);
  assert.equal(allowed.status, 200);
  assert.equal(world.asked.length, 1);

  const other = await open(t, "localhost");
  assert.deepEqual(await ask(other, places.allowing + chat), { failed: "TypeError" });
  assert.deepEqual(world.asked, [], "what needs a preflight never leaves");
  assert.deepEqual(await ask(other, places.allowing + chat, { headers: {} }), { failed: "TypeError" });
  assert.equal((await ask(other, places.open + chat)).status, 200);
});
