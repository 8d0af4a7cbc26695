// @ts-check
// What every test here needs: Chromium, and a server that acts as every provider.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";

/**
 * @typedef {import("playwright-core").Locator} Locator
 * @typedef {import("playwright-core").Page & { problems: string[], requests: string[] }} Page problems are what the browser
 * reported: console messages, errors and violations of the Content Security Policy. requests are the requested URLs.
 * @typedef {(request: import("node:http").IncomingMessage, body: string, response: import("node:http").ServerResponse) => unknown} Handler
 */

/**
 * Base URLs of the relays by name.
 * @type {{ open: string, full: string, allowing: string, managed: string }}
 */
export const addresses = JSON.parse(process.env.CFPROXY_ADDRESSES ?? "{}");

export const timeout = { timeout: 60_000 };

/** File descriptors of sockets that the Go test opened. */
const sockets = { upstream: 3, app: 4 };

/**
 * Starts a server on one of the sockets.
 * @param {keyof typeof sockets} name
 * @param {Handler} handle
 */
export async function serve(name, handle) {
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) {
      parts.push(part);
    }
    await handle(request, Buffer.concat(parts).toString(), response);
  });
  await new Promise((resolve) => server.listen({ fd: sockets[name] }, () => resolve(undefined)));
  return server;
}

/** Starts Chromium with a temporary profile. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CFPROXY_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

/**
 * Opens a page in its own browser context, which is closed after the test.
 * @param {import("node:test").TestContext} test
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @returns {Promise<Page>}
 */
export async function visit(test, browser, url, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  test.after(() => context.close());
  context.setDefaultTimeout(timeout.timeout);
  const page = Object.assign(await context.newPage(), {
    problems: /** @type {string[]} */ ([]),
    requests: /** @type {string[]} */ ([]),
  });
  page.on("console", (message) => page.problems.push(message.text()));
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("request", (request) => page.requests.push(request.url()));
  await context.exposeFunction("reportProblem", (/** @type {string} */ text) => page.problems.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (e) =>
      /** @type {any} */ (window).reportProblem(`${e.violatedDirective}: ${e.blockedURI}`));
  });
  await page.goto(url);
  return page;
}

/**
 * Waits until an element has this text.
 * @param {Locator} locator
 * @param {string} want
 */
export async function waitForText(locator, want) {
  const element = await locator.elementHandle();
  assert.ok(element);
  await element.evaluate((node, want) => new Promise((resolve) => {
    const check = () => node.textContent === want && resolve(undefined);
    new MutationObserver(check).observe(node, { childList: true, characterData: true, subtree: true });
    check();
    setTimeout(resolve, 20_000);
  }), want);
  assert.equal(await element.textContent(), want);
}

/**
 * Saves a screenshot in the directory CFPROXY_SHOTS, if it is set.
 * @param {Page} page
 * @param {string} name
 */
export async function screenshot(page, name) {
  if (process.env.CFPROXY_SHOTS) {
    await page.screenshot({ path: join(process.env.CFPROXY_SHOTS, `${name}.png`), fullPage: true });
  }
}

/**
 * Promise.withResolvers, which Node 20 does not have.
 * @returns {{ promise: Promise<any>, resolve: (value?: unknown) => void }}
 */
export function deferred() {
  const made = { resolve: (/** @type {unknown} */ _) => {} };
  const promise = new Promise((resolve) => Object.assign(made, { resolve }));
  return { promise, resolve: (value) => made.resolve(value) };
}
