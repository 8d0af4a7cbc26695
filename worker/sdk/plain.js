// @ts-check
// Results and requests as plain data, without what is documented to differ.

import { createHash } from "node:crypto";

/**
 * @typedef {import("./upstream.js").Seen} Seen
 * @typedef {{ host: string, method: string, path: string, headers: Record<string, string>, body: string }} Arrived
 */

/**
 * Request headers that may differ between the two ways: what is of one connection
 * only, and Sec-*, which the relay keeps back since they describe a browser. Of a
 * DELETE without a body the runtime says besides that its length is 0.
 */
const ofTheHop = new Set(["host", "connection", "keep-alive", "transfer-encoding", "upgrade",
  "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"]);
const keptBack = new Set(["sec-fetch-mode"]);

/**
 * Answer headers that may differ: framing, what the relay says of itself, and
 * what a provider says only for its own host.
 */
const ofTheRelay = new Set(["date", "connection", "keep-alive", "transfer-encoding",
  "x-cfproxy", "access-control-allow-origin", "access-control-expose-headers",
  "set-cookie", "strict-transport-security", "alt-svc"]);

/**
 * @param {Seen} seen
 * @returns {Arrived}
 */
export function seenBy({ host, method, path, headers, body }) {
  // The boundary of a form is drawn by lot.
  const drawn = /boundary=([^;\s]+)/.exec(Object.fromEntries(headers)["content-type"])?.[1];
  const settle = (/** @type {string} */ text) => (drawn === undefined ? text : text.replaceAll(drawn, "BOUNDARY"));
  const kept = headers.filter(([name, value]) => !ofTheHop.has(name) && !keptBack.has(name) && !(name === "content-length" && value === "0"));
  // Google's live client writes the first slash twice where its base URL has no path.
  return { host, method, path: path.replace("//", "/"), headers: Object.fromEntries(kept.map(([n, v]) => [n, settle(v)])), body: bodyOf(settle(body.toString("latin1"))) };
}

/**
 * @param {string} latin1 the bytes, one a character
 * @returns {string} with their digest, and readable if they are few
 */
function bodyOf(latin1) {
  const bytes = Buffer.from(latin1, "latin1");
  return bytes.length < 4096 ? bytes + digest(bytes) : digest(bytes);
}

/**
 * @param {Uint8Array} bytes
 * @returns {string}
 */
function digest(bytes) {
  return ` [${bytes.length} bytes, ${createHash("sha256").update(bytes).digest("hex")}]`;
}

/**
 * @param {any} value
 * @param {Set<unknown>} [above] for what contains itself
 * @returns {any}
 */
export function plain(value, above = new Set()) {
  if (typeof value !== "object" || value === null) {
    return typeof value === "function" ? undefined : value;
  }
  if (value instanceof Headers) {
    return headersOf(Object.fromEntries(value));
  }
  if (ArrayBuffer.isView(value)) {
    return digest(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (above.has(value)) {
    return "(above)";
  }
  const within = new Set(above).add(value);
  if (Array.isArray(value)) {
    return value.map((v) => plain(v, within));
  }
  const own = Object.entries(value).map(([name, v]) => [name, name === "headers" || name === "responseHeaders" ? headersOf(plain(v, within)) : plain(v, within)]);
  const error = value instanceof Error ? { class: value.constructor.name, message: value.message } : {};
  return { ...error, ...Object.fromEntries(own) };
}

/**
 * @param {any} headers
 * @returns {any}
 */
function headersOf(headers) {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => !ofTheRelay.has(name)));
}
