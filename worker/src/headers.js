// @ts-check
// What of a list of headers goes on, in each direction.

/**
 * What Cloudflare's edge, its Access, and other proxies add to a request, and
 * what a program adds that keeps state like a browser:
 * https://developers.cloudflare.com/fundamentals/reference/http-headers/
 */
const addedOnTheWay = [
  "cf-connecting-ip", "cf-connecting-ipv6", "cf-pseudo-ipv4", "cf-ipcountry", "cf-ray", "cf-visitor", "cf-ew-via", "cf-worker",
  "cf-access-client-id", "cf-access-client-secret", "cf-access-jwt-assertion", "cf-access-authenticated-user-email",
  "cdn-loop", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "x-client-ip", "true-client-ip",
  "forwarded", "via", "cookie", "referer",
];

/**
 * Request headers that are not for the upstream, beside families of them: they
 * name the caller, its browser or the way it came, or speak of one connection
 * only (https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1).
 */
const notForUpstream = new Set([
  ...addedOnTheWay, "origin", "host", "connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer",
  "transfer-encoding", "upgrade",
]);

// Answer headers that are not for the caller: cookies and policies that the
// upstream sets for its own host would fall upon the relay's. What speaks of one
// connection the runtime itself keeps back.
const notForCaller = ["set-cookie", "strict-transport-security", "alt-svc"];

/**
 * A walk over all names finds those of the families, too, that nobody has
 * thought of yet; but it costs as much as all the rest that is done here. An
 * official SDK sends none of them, so there what is added on the way is enough.
 * @param {Headers} headers of the request under way to the upstream
 * @param {Request} incoming with the same headers, as they came: the copy changes under a walk's feet
 * @returns {boolean} whether OpenAI's or Anthropic's SDK sent it, and from no browser
 */
export function cleanRequest(headers, incoming) {
  const isSDK = isOfSDK(incoming.method, headers);
  if (isSDK) {
    for (const name of addedOnTheWay) {
      headers.delete(name);
    }
  } else {
    walk(headers, incoming.headers);
  }
  return isSDK;
}

/**
 * A browser names the Origin of every POST; a zone that adds the caller's place
 * adds its time zone, too:
 * https://developers.cloudflare.com/rules/transform/managed-transforms/reference/
 * @param {string} method
 * @param {Headers} headers
 * @returns {boolean} whether they are an SDK's, and nothing else had a hand in them
 */
function isOfSDK(method, headers) {
  return method === "POST" && headers.has("x-stainless-lang") && !headers.has("origin") && !headers.has("cf-timezone");
}

/**
 * @param {Headers} headers of the request under way to the upstream
 * @param {Headers} incoming
 */
function walk(headers, incoming) {
  const connection = incoming.get("connection");
  if (connection !== null) {
    dropNamed(headers, connection);
  }
  incoming.forEach((_, name) => {
    if (isOfFamily(name) || notForUpstream.has(name)) {
      headers.delete(name);
    }
  });
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
 * @param {string} build
 */
export function cleanAnswer(headers, build) {
  for (const name of notForCaller) {
    headers.delete(name);
  }
  headers.set("x-cfproxy", build);
}
