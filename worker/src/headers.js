// @ts-check
// What of a list of headers goes on, in each direction.

/**
 * Request headers that are not for the upstream, beside families of them: they
 * name the caller, its browser or the way it came, or speak of one connection
 * only (https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1).
 */
const notForUpstream = new Set([
  "x-real-ip", "x-client-ip", "true-client-ip", "forwarded", "via", "cookie", "origin", "referer", "cdn-loop", "host",
  "connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
]);

// Answer headers that are not for the caller: cookies and policies that the
// upstream sets for its own host would fall upon the relay's. What speaks of one
// connection the runtime itself keeps back.
const notForCaller = ["set-cookie", "strict-transport-security", "alt-svc", "x-cfproxy-error"];

/**
 * Takes out what is not for the upstream. One walk over all names finds those of
 * the families, too, that nobody has thought of yet.
 * @param {Headers} headers of the request under way to the upstream
 * @returns {Map<string, string>} what was taken out, by name in lower case
 */
export function cleanRequest(headers) {
  const out = new Map();
  headers.forEach((value, name) => {
    if (isOfFamily(name) || notForUpstream.has(name)) {
      out.set(name, value);
    }
  });
  for (const name of out.keys()) {
    headers.delete(name);
  }
  dropNamed(headers, out.get("connection") ?? "");
  // What makes the runtime open a WebSocket.
  if (out.get("upgrade")?.toLowerCase() === "websocket") {
    headers.set("upgrade", "websocket");
  }
  return out;
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
  for (const part of connection === "" ? [] : connection.split(",")) {
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
  headers.set("x-cfproxy", build);
}
