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
 * the families, too, that nobody has thought of yet. It is half of what a request
 * costs here, so there is little in it.
 * @param {Headers} headers of the request under way to the upstream
 * @returns {{ origin: string | null }} what was taken out and says who asks: the page, if one does
 */
export function cleanRequest(headers) {
  /** @type {string[]} */
  const out = [];
  const said = { origin: /** @type {string | null} */ (null), connection: "", upgrade: "" };
  headers.forEach((value, name) => {
    if (isNotForUpstream(name)) {
      out.push(name);
      if (name === "origin" || name === "connection" || name === "upgrade") {
        said[name] = value;
      }
    }
  });
  for (const name of out) {
    headers.delete(name);
  }
  if (said.connection !== "") {
    dropNamed(headers, said.connection);
  }
  // What makes the runtime open a WebSocket.
  if (said.upgrade.toLowerCase() === "websocket") {
    headers.set("upgrade", "websocket");
  }
  return said;
}

/**
 * Looks at one letter first, since most names are told by it: Accept, Anthropic-*,
 * Authorization, X-Stainless-*.
 * @param {string} name in lower case
 * @returns {boolean} whether it is one of notForUpstream, CF-*, X-Forwarded-* or Sec-*, but for Sec-WebSocket-*, which a handshake needs
 */
function isNotForUpstream(name) {
  switch (name.charCodeAt(0)) {
    case 0x61: // a
      return false;
    case 0x63: // c
      return name.startsWith("cf-") || notForUpstream.has(name);
    case 0x73: // s
      return name.startsWith("sec-") && !name.startsWith("sec-websocket-");
    case 0x78: // x
      return name.charCodeAt(2) !== 0x73 && (name.startsWith("x-forwarded-") || notForUpstream.has(name));
    default:
      return notForUpstream.has(name);
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
 * @param {string} build
 */
export function cleanAnswer(headers, build) {
  for (const name of notForCaller) {
    headers.delete(name);
  }
  headers.set("x-cfproxy", build);
}
