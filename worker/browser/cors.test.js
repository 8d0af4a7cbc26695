// @ts-check
// Browser apps of other origins, which call the relay as SDKs do.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { event, jsonOf, providers, streamOf } from "./providers.js";
import { addresses, deferred, serve, startBrowser, timeout, visit } from "./setup.js";

/** @type {{ requests: import("node:http").IncomingMessage[], respond: import("./setup.js").Handler }} */
const upstream = { requests: [], respond: (_, __, response) => response.end() };

const server = await serve("upstream", (...args) => {
  upstream.requests.push(args[0]);
  return upstream.respond(...args);
});
const app = await serve("app", (_, __, response) => {
  response.setHeader("content-type", "text/html");
  response.end('<!doctype html><link rel="icon" href="data:,"><title>an app</title>');
});
const { port } = /** @type {import("node:net").AddressInfo} */ (app.address());
const browser = await startBrowser();
after(async () => {
  await browser.close();
  server.close();
  app.close();
});

/**
 * Opens the app. With the default host its origin is the one that the relay "allowing" allows.
 * @param {import("node:test").TestContext} t
 * @param {string} [host]
 */
function open(t, host = "127.0.0.1") {
  upstream.requests = [];
  return visit(t, browser, `http://${host}:${port}/`);
}

/**
 * Sends a request from the page as the official SDKs do.
 * @param {import("./setup.js").Page} page
 * @param {string} url
 * @param {{ headers?: Record<string, string> }} [options]
 * @returns {Promise<{ status: number, headers: Record<string, string>, text: string }>} or { failed: name } for an exception
 */
function request(page, url, options = {}) {
  return page.evaluate(async ({ url, options }) => {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "authorization": "Bearer sk-visitor", "content-type": "application/json",
          "x-stainless-lang": "js", "x-stainless-retry-count": "0", "x-stainless-helper-method": "stream",
        },
        body: "{}",
        ...options,
      });
      return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
    } catch (error) {
      return /** @type {any} */ ({ failed: /** @type {Error} */ (error).name });
    }
  }, { url, options });
}

const chat = "/v1/chat/completions";

test("SDK headers pass the preflight, and response headers are readable", timeout, async (t) => {
  const page = await open(t);
  upstream.respond = (request, body, response) => {
    response.setHeader("x-ratelimit-remaining-requests", "59");
    response.setHeader("x-request-id", "req_1");
    response.setHeader("retry-after-ms", "20");
    response.setHeader("x-unknown", "1");
    streamOf(providers[0], ["Hi"])(request, body, response);
  };
  const { status, headers, text } = await request(page, addresses.open + chat);
  assert.equal(status, 200);
  assert.equal(headers["x-ratelimit-remaining-requests"], "59");
  assert.equal(headers["x-request-id"], "req_1");
  assert.equal(headers["retry-after-ms"], "20");
  assert.equal(headers["x-unknown"], "1");
  assert.ok(text.startsWith(event(providers[0], "Hi")));
  assert.equal(upstream.requests.length, 1, "the preflight was forwarded");
  assert.equal(upstream.requests[0].headers["x-stainless-lang"], "js");
  assert.equal(upstream.requests[0].headers.origin, undefined);
  assert.deepEqual(page.problems, []);
});

test("a response is streamed", timeout, async (t) => {
  const page = await open(t);
  const read = deferred();
  upstream.respond = async (request, body, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    await read.promise;
    response.end("data: 2\n\n");
  };
  await page.context().exposeFunction("read", (/** @type {string} */ text) => text === "data: 1\n\n" && read.resolve());
  const pieces = await page.evaluate(async (url) => {
    const response = await fetch(url, { method: "POST", body: "{}", headers: { "x-stainless-os": "Unknown" } });
    const reader = /** @type {ReadableStream<any>} */ (response.body).pipeThrough(new TextDecoderStream()).getReader();
    const pieces = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return pieces;
      }
      pieces.push(value);
      /** @type {any} */ (window).read(pieces.join(""));
    }
  }, addresses.open + chat);
  assert.deepEqual(pieces, ["data: 1\n\n", "data: 2\n\n"]);
});

test("errors of the provider and of the relay are readable", timeout, async (t) => {
  const page = await open(t);
  upstream.respond = jsonOf(429, { error: { message: "slow down" } });
  const upstreamError = await request(page, addresses.open + chat);
  assert.deepEqual([upstreamError.status, JSON.parse(upstreamError.text).error.message], [429, "slow down"]);
  upstream.respond = (request, body, response) => response.destroy();
  const broken = await request(page, addresses.open + chat);
  assert.deepEqual([broken.status, broken.headers["x-cfproxy-error"]], [502, "upstream_unreachable"]);
  assert.equal(JSON.parse(broken.text).error.code, "upstream_unreachable");
  const missing = await request(page, `${addresses.open}/-/nothing`);
  assert.deepEqual([missing.status, missing.headers["x-cfproxy-error"]], [404, "not_found"]);
  const keyless = await request(page, addresses.managed + chat);
  assert.deepEqual([keyless.status, JSON.parse(keyless.text).error.code], [401, "token_missing"]);
});

test("an aborted request is cancelled at the upstream", timeout, async (t) => {
  const page = await open(t);
  const closed = deferred();
  upstream.respond = (request, body, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
    response.on("close", () => closed.resolve("closed"));
  };
  await page.evaluate(async (url) => {
    const stop = new AbortController();
    const response = await fetch(url, { method: "POST", body: "{}", signal: stop.signal });
    await /** @type {ReadableStream<any>} */ (response.body).getReader().read();
    stop.abort();
  }, addresses.open + chat);
  assert.equal(await closed.promise, "closed");
});

test("origins that the owner does not allow are blocked by the browser", timeout, async (t) => {
  const page = await open(t);
  upstream.respond = streamOf(providers[0], ["Hi"]);
  const allowed = await request(page, addresses.allowing + chat);
  assert.equal(allowed.status, 200);
  assert.equal(upstream.requests.length, 1);

  const other = await open(t, "localhost");
  assert.deepEqual(await request(other, addresses.allowing + chat), { failed: "TypeError" });
  assert.deepEqual(upstream.requests, [], "a request was sent despite the preflight");
  assert.deepEqual(await request(other, addresses.allowing + chat, { headers: {} }), { failed: "TypeError" });
  assert.equal((await request(other, addresses.open + chat)).status, 200);
});
