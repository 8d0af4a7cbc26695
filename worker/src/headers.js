// @ts-check
// Which headers are forwarded, in each direction.

/**
 * Request headers that are not forwarded, besides the families in isStripped: they identify the caller, its browser or
 * the path of the request, or apply to one connection only (https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1).
 */
const strippedRequestHeaders = new Set([
  "x-real-ip", "x-client-ip", "true-client-ip", "forwarded", "via", "cookie", "origin", "referer", "cdn-loop", "host",
  "connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
]);

// Response headers that are not returned: cookies and policies that the upstream sets for its own host would apply to the
// relay's. The runtime removes connection headers by itself.
const strippedResponseHeaders = ["set-cookie", "strict-transport-security", "alt-svc", "x-cfproxy-error"];

/**
 * Removes request headers that are not forwarded. One pass over all names also finds unknown members of a family. It
 * takes half of the Worker's own CPU time per request, so keep it short.
 * @param {Headers} headers of the upstream request
 * @returns {{ origin: string | null }} the removed Origin header
 */
export function cleanRequestHeaders(headers) {
  /** @type {string[]} */
  const stripped = [];
  const removed = { origin: /** @type {string | null} */ (null), connection: "", upgrade: "" };
  headers.forEach((value, name) => {
    if (isStripped(name)) {
      stripped.push(name);
      if (name === "origin" || name === "connection" || name === "upgrade") {
        removed[name] = value;
      }
    }
  });
  for (const name of stripped) {
    headers.delete(name);
  }
  if (removed.connection !== "") {
    deleteConnectionOptions(headers, removed.connection);
  }
  // The runtime opens a WebSocket if this header is set.
  if (removed.upgrade.toLowerCase() === "websocket") {
    headers.set("upgrade", "websocket");
  }
  return removed;
}

/**
 * @param {string} name in lower case
 * @returns {boolean} whether it is in strippedRequestHeaders, CF-*, X-Forwarded-* or Sec-*. Sec-WebSocket-* is kept for the handshake.
 */
function isStripped(name) {
  return strippedRequestHeaders.has(name) || name.startsWith("cf-") || name.startsWith("x-forwarded-") ||
    name.startsWith("sec-") && !name.startsWith("sec-websocket-");
}

/**
 * Removes the headers that a Connection header names, except authorization and those that describe the body, which never
 * apply to one connection only.
 * @param {Headers} headers
 * @param {string} connection
 */
function deleteConnectionOptions(headers, connection) {
  for (const option of connection.split(",")) {
    const name = option.trim().toLowerCase();
    if (/^[\w-]+$/.test(name) && name !== "authorization" && !name.startsWith("content-")) {
      headers.delete(name);
    }
  }
}

/**
 * Removes response headers that are not returned, and sets X-Cfproxy.
 * @param {Headers} headers of the response
 * @param {string} build
 */
export function cleanResponseHeaders(headers, build) {
  for (const name of strippedResponseHeaders) {
    headers.delete(name);
  }
  headers.set("x-cfproxy", build);
}
