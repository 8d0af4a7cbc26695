// @ts-check
// What of a list of headers goes on, in each direction.

import { allowAnyOrigin } from "./cors.js";

/** Request headers that name the caller, its browser or the way it came. */
const identifying = new Set([
  "x-real-ip", "x-client-ip", "true-client-ip", "forwarded", "via", "cookie", "origin", "referer", "cdn-loop",
]);

/** Headers that speak of one connection only: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1 */
const perConnection = [
  "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
  "transfer-encoding", "upgrade",
];

const notForUpstream = new Set([...identifying, ...perConnection, "host"]);

/**
 * Answer headers that are not for the caller: a cookie or a policy that the
 * upstream sets for its own host would fall upon the relay's.
 */
const notForCaller = [
  "set-cookie", "strict-transport-security", "alt-svc",
  "access-control-allow-credentials", "access-control-allow-methods", "access-control-allow-headers",
  "access-control-allow-private-network", "access-control-max-age",
];

/**
 * Takes out what the upstream shall not see. One walk over the names, most of
 * which are told apart by their first letter: this runs for every request.
 * @param {Headers} headers of the request under way to the upstream
 * @param {Headers} incoming the same, as they came
 */
export function cleanRequest(headers, incoming) {
  for (const name of incoming.keys()) {
    if (isOfFamily(name) || notForUpstream.has(name)) {
      headers.delete(name);
    }
  }
  const named = incoming.get("connection");
  if (named !== null) {
    dropNamed(headers, named);
  }
  if (incoming.get("upgrade")?.toLowerCase() === "websocket") {
    headers.set("upgrade", "websocket");
  }
}

/**
 * @param {string} name in lower case
 * @returns {boolean} whether it is CF-*, X-Forwarded-* or Sec-*; the handshake of a WebSocket needs Sec-WebSocket-*
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
 * or what describes the body, which are never for one connection only.
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
 * @param {string} build
 */
export function cleanAnswer(headers, build) {
  for (const name of notForCaller) {
    headers.delete(name);
  }
  for (const name of perConnection) {
    headers.delete(name);
  }
  allowAnyOrigin(headers);
  headers.set("x-cfproxy", build);
}
