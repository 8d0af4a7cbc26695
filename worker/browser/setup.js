// The two ends of every test here: Chromium, and a server that stands for
// whatever provider the relay asks.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Addresses of the relays by name: open, full, allowing, managed. */
export const places = JSON.parse(process.env.CFPROXY_ADDRESSES);

export const patience = { timeout: 60_000 };

/** Sockets that were opened before this process began. */
const sockets = { upstream: 3, app: 4 };

/** Starts a server on one of the sockets; handle gets the request, its body and the answer. */
export async function serve(which, handle) {
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) {
      parts.push(part);
    }
    await handle(request, Buffer.concat(parts).toString(), response);
  });
  await new Promise((resolve) => server.listen({ fd: sockets[which] }, resolve));
  return server;
}

/** Starts Chromium, with a profile that ends with it. */
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
 * Opens a page as a visitor of its own, and has done with it when test is over.
 * Its complaints are all that the browser complained of meanwhile.
 */
export async function visit(test, browser, address, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  test.after(() => context.close());
  context.setDefaultTimeout(patience.timeout);
  const page = await context.newPage();
  page.complaints = [];
  page.asked = [];
  page.on("console", (message) => page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("request", (request) => page.asked.push(request.url()));
  await context.exposeFunction("complain", (text) => page.complaints.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (e) => window.complain(`${e.violatedDirective}: ${e.blockedURI}`));
  });
  await page.goto(address);
  return page;
}

/** Waits until an element's text is as it should be; on the way it may be anything. */
export async function textBecomes(locator, want) {
  const element = await locator.elementHandle();
  const got = () => element.textContent();
  await element.evaluate((node, wanted) => new Promise((resolve) => {
    const look = () => node.textContent === wanted && resolve();
    new MutationObserver(look).observe(node, { childList: true, characterData: true, subtree: true });
    look();
    setTimeout(resolve, 20_000);
  }), want);
  assert.equal(await got(), want);
}

/** Keeps a picture where CFPROXY_SHOTS says, if it does. */
export async function keep(page, name) {
  if (process.env.CFPROXY_SHOTS) {
    await page.screenshot({ path: join(process.env.CFPROXY_SHOTS, `${name}.png`), fullPage: true });
  }
}

/** A promise, and what fulfils it. */
export function signal() {
  return Promise.withResolvers?.() ?? (() => {
    const made = {};
    made.promise = new Promise((resolve) => Object.assign(made, { resolve }));
    return made;
  })();
}
