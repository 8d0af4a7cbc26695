// @ts-check
// What of a list of headers goes on, in each direction.

import { allowOrigin } from "./cors.js";

/**
 * Request headers that are not for the upstream: they name the caller, its
 * browser or the way it came, or speak of one connection only
 * (https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1).
 */
const notForUpstream = new Set([
  "x-real-ip", "x-client-ip", "true-client-ip", "forwarded", "via", "cookie", "origin", "referer", "cdn-loop", "host",
  "connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
]);

/**
 * Answer headers that are not for the caller: cookies and policies that the
 * upstream sets for its own host would fall upon the relay's. What speaks of one
 * connection the runtime itself keeps back, but for proxy-authenticate.
 */
const notForCaller = [
  "set-cookie", "strict-transport-security", "alt-svc", "proxy-authenticate",
  "access-control-allow-credentials", "access-control-allow-methods", "access-control-allow-headers",
  "access-control-allow-private-network", "access-control-max-age",
];

/**
 * One walk over the names finds those of the families, too, that nobody has
 * thought of yet. It walks over the original: the copy changes under its feet.
 * @param {Headers} headers of the request under way to the upstream
 * @param {Headers} incoming the same, as they came
 */
export function cleanRequest(headers, incoming) {
  for (const name of incoming.keys()) {
    if (isOfFamily(name) || notForUpstream.has(name)) {
      headers.delete(name);
    }
  }
  const connection = incoming.get("connection");
  if (connection !== null) {
    dropNamed(headers, connection);
  }
  // What makes the runtime open a WebSocket.
  if (incoming.get("upgrade")?.toLowerCase() === "websocket") {
    headers.set("upgrade", "websocket");
  }
}

/**
 * @param {string} name in lower case
 * @returns {boolean} whether it is CF-*, X-Forwarded-* or Sec-*, but for Sec-WebSocket-*, which a handshake needs
 */
function isOfFamily(name) {
  switch (name.charCodeAt(0)) {
    case 0x63: // c
      return name.startsWith("cf-");
    case 0x73: // s
      return name.startsWith("sec-") && !name.startsWith("sec-websocket-");
    case 0x78: // x
      return name.startsWith("x-forwarded-");
    default:
      return false;
  }
}

/**
 * Takes out what a Connection header lists, but not the caller's authorization
 * or what describes the body: those are never for one connection only.
 * @param {Headers} headers
 * @param {string} connection
 */
function dropNamed(headers, connection) {
  for (const part of connection.split(",")) {
    const name = part.trim().toLowerCase();
    if (/^[\w-]+$/.test(name) && name !== "authorization" && !name.startsWith("content-")) {
      headers.delete(name);
    }
  }
}

/**
 * @param {Headers} headers of the answer under way to the caller
 * @param {Request} request
 * @param {import("./config.js").Config} config
 */
export function cleanAnswer(headers, request, config) {
  for (const name of notForCaller) {
    headers.delete(name);
  }
  allowOrigin(headers, request, config);
  headers.set("x-cfproxy", config.build);
}
