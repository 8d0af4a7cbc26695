// @ts-check
// Converts results and requests to plain data, without the documented differences.

import { createHash } from "node:crypto";

/**
 * @typedef {import("./upstream.js").ReceivedRequest} ReceivedRequest
 * @typedef {{ host: string, method: string, path: string, headers: Record<string, string>, body: string }} NormalizedRequest
 */

/**
 * Request headers that may differ: hop-by-hop headers, and Sec-*, which the relay strips because they describe a browser.
 * For a DELETE without a body the runtime adds a Content-Length of 0.
 */
const hopHeaders = new Set(["host", "connection", "keep-alive", "transfer-encoding", "upgrade",
  "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"]);
const strippedHeaders = new Set(["sec-fetch-mode"]);

/**
 * Response headers that may differ: framing, headers of the relay, and headers that concern only the provider's host.
 */
const variableHeaders = new Set(["date", "connection", "keep-alive", "transfer-encoding",
  "x-cfproxy", "access-control-allow-origin", "access-control-expose-headers",
  "set-cookie", "strict-transport-security", "alt-svc"]);

/**
 * @param {ReceivedRequest} received
 * @returns {NormalizedRequest}
 */
export function normalizeRequest({ host, method, path, headers, body }) {
  // The boundary of a form is random.
  const boundary = /boundary=([^;\s]+)/.exec(Object.fromEntries(headers)["content-type"])?.[1];
  const maskBoundary = (/** @type {string} */ text) => (boundary === undefined ? text : text.replaceAll(boundary, "BOUNDARY"));
  const compared = headers.filter(([name, value]) => !hopHeaders.has(name) && !strippedHeaders.has(name) && !(name === "content-length" && value === "0"));
  // Google's live client writes two slashes if its base URL has no path.
  return { host, method, path: path.replace("//", "/"), headers: Object.fromEntries(compared.map(([n, v]) => [n, maskBoundary(v)])), body: summarizeBody(maskBoundary(body.toString("latin1"))) };
}

/**
 * @param {string} latin1 one character per byte
 * @returns {string} their digest, preceded by the bytes if they are few
 */
function summarizeBody(latin1) {
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
 * @param {Set<unknown>} [ancestors] to detect cycles
 * @returns {any}
 */
export function normalize(value, ancestors = new Set()) {
  if (typeof value !== "object" || value === null) {
    return typeof value === "function" ? undefined : value;
  }
  if (value instanceof Headers) {
    return normalizeHeaders(Object.fromEntries(value));
  }
  if (ArrayBuffer.isView(value)) {
    return digest(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (ancestors.has(value)) {
    return "(circular)";
  }
  const within = new Set(ancestors).add(value);
  if (Array.isArray(value)) {
    return value.map((v) => normalize(v, within));
  }
  const own = Object.entries(value).map(([name, v]) => [name, name === "headers" || name === "responseHeaders" ? normalizeHeaders(normalize(v, within)) : normalize(v, within)]);
  const error = value instanceof Error ? { class: value.constructor.name, message: value.message } : {};
  return { ...error, ...Object.fromEntries(own) };
}

/**
 * @param {any} headers
 * @returns {any}
 */
function normalizeHeaders(headers) {
  return Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => !variableHeaders.has(name)));
}
