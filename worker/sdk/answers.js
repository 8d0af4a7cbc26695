// @ts-check
// Answers as providers give them.

import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

/**
 * @typedef {import("./upstream.js").Answer} Answer
 * @typedef {import("node:http").OutgoingHttpHeaders} Head
 */

/**
 * What stands on every answer: some of it SDKs show, some of it only a provider's
 * own host may say.
 * @type {Head}
 */
const always = {
  "x-request-id": "req_1",
  "request-id": "req_1",
  "openai-organization": "org-1",
  "openai-processing-ms": "12",
  "openai-version": "2020-10-01",
  "x-ratelimit-limit-requests": "10000",
  "x-ratelimit-remaining-tokens": "149984",
  "x-ratelimit-reset-requests": "6ms",
  "anthropic-organization-id": "org-1",
  "anthropic-ratelimit-requests-remaining": "49",
  "cf-ray": "8f0000000000aaaa-IAD",
  "set-cookie": ["__cf_bm=1; path=/; secure", "_cfuvid=2; path=/"],
  "strict-transport-security": "max-age=31536000",
  "alt-svc": 'h3=":443"; ma=86400',
};

const packers = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };

/**
 * @param {unknown} value
 * @param {number} [status]
 * @param {Head} [head]
 * @returns {Answer}
 */
export function json(value, status = 200, head = {}) {
  return bytes(Buffer.from(JSON.stringify(value)), "application/json", status, head);
}

/**
 * @param {Buffer} body
 * @param {string} type
 * @param {number} [status]
 * @param {Head} [head]
 * @returns {Answer}
 */
export function bytes(body, type, status = 200, head = {}) {
  return ({ res }) => res.writeHead(status, { ...always, "content-type": type, "content-length": body.length, ...head }).end(body);
}

/**
 * @param {keyof typeof packers} coding
 * @param {unknown} value
 * @returns {Answer}
 */
export function packed(coding, value) {
  return bytes(packers[coding](JSON.stringify(value)), "application/json", 200, { "content-encoding": coding });
}

/**
 * Each part goes out when the caller has told that it has the one before.
 * @param {(string | Buffer)[]} parts
 * @param {string} [type]
 * @returns {Answer}
 */
export function stepwise(parts, type = "text/event-stream; charset=utf-8") {
  return async ({ res, acknowledged }) => {
    res.writeHead(200, { ...always, "content-type": type });
    for (const [i, part] of parts.entries()) {
      if (i > 0) {
        await acknowledged();
      }
      res.write(part);
    }
    res.end();
  };
}

/**
 * Begins and goes on saying nothing of use until the caller has gone. It has to
 * write: a caller that hangs up is noticed on the next byte for it.
 * @param {string} part
 * @returns {Answer}
 */
export function endless(part) {
  return ({ res }) => {
    res.writeHead(200, { ...always, "content-type": "text/event-stream" }).write(part);
    const ticks = setInterval(() => res.write(": ping\n\n"), 10);
    res.on("close", () => clearInterval(ticks));
  };
}

/** @type {Answer} that never comes */
export function silent() {}

/**
 * @param {unknown[]} values
 * @returns {string[]} events as OpenAI's chat and Google write them
 */
export function data(values) {
  return values.map((v) => `data: ${JSON.stringify(v)}\n\n`);
}

/**
 * @param {{ type: string, [more: string]: unknown }[]} values
 * @returns {string[]} events with names, as Anthropic and OpenAI's responses write them
 */
export function named(values) {
  return values.map((v) => `event: ${v.type}\ndata: ${JSON.stringify(v)}\n\n`);
}
