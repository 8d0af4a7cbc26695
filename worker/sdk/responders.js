// @ts-check
// Responses in the format of the providers.

import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

/**
 * @typedef {import("./upstream.js").Responder} Responder
 * @typedef {import("node:http").OutgoingHttpHeaders} Head
 */

/**
 * Headers of every response. SDKs expose some of them; others concern only the provider's host.
 * @type {Head}
 */
const commonHeaders = {
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

const compressors = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };

/**
 * @param {unknown} value
 * @param {number} [status]
 * @param {Head} [head]
 * @returns {Responder}
 */
export function json(value, status = 200, head = {}) {
  return bytes(Buffer.from(JSON.stringify(value)), "application/json", status, head);
}

/**
 * @param {Buffer} body
 * @param {string} type
 * @param {number} [status]
 * @param {Head} [head]
 * @returns {Responder}
 */
export function bytes(body, type, status = 200, head = {}) {
  return ({ res }) => res.writeHead(status, { ...commonHeaders, "content-type": type, "content-length": body.length, ...head }).end(body);
}

/**
 * @param {keyof typeof compressors} coding
 * @param {unknown} value
 * @returns {Responder}
 */
export function compressed(coding, value) {
  return bytes(compressors[coding](JSON.stringify(value)), "application/json", 200, { "content-encoding": coding });
}

/**
 * Sends each part after the caller has acknowledged the previous one.
 * @param {(string | Buffer)[]} parts
 * @param {string} [type]
 * @returns {Responder}
 */
export function stepwise(parts, type = "text/event-stream; charset=utf-8") {
  return async ({ res, acknowledged }) => {
    res.writeHead(200, { ...commonHeaders, "content-type": type });
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
 * Sends a part, then comments until the caller disconnects: a closed connection is noticed on the next write.
 * @param {string} part
 * @returns {Responder}
 */
export function endless(part) {
  return ({ res }) => {
    res.writeHead(200, { ...commonHeaders, "content-type": "text/event-stream" }).write(part);
    const ticks = setInterval(() => res.write(": ping\n\n"), 10);
    res.on("close", () => clearInterval(ticks));
  };
}

/** @type {Responder} never responds */
export function noResponse() {}

/**
 * @param {unknown[]} values
 * @returns {string[]} events in the format of OpenAI's chat and Google
 */
export function dataEvents(values) {
  return values.map((v) => `data: ${JSON.stringify(v)}\n\n`);
}

/**
 * @param {{ type: string, [more: string]: unknown }[]} values
 * @returns {string[]} named events, in the format of Anthropic and OpenAI's responses
 */
export function namedEvents(values) {
  return values.map((v) => `event: ${v.type}\ndata: ${JSON.stringify(v)}\n\n`);
}
