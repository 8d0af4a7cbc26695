// @ts-check
// What of a header list goes on, in each direction.

/**
 * Request headers that stay behind. They name the caller or its browser, or
 * they speak of one connection only (RFC 9110, section 7.6.1).
 */
const requestOnly = new Set([
  "x-real-ip", "x-client-ip", "true-client-ip", "forwarded", "via", "cookie", "origin", "referer", "cdn-loop", "host",
  "connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
]);

/** Families of such headers, by their beginning. */
const requestFamily = /^(?:cf-|x-forwarded-|sec-(?!websocket-))/;

/** @param {Headers} incoming @returns {Headers} a copy for the upstream */
export function requestHeaders(incoming) {
  const headers = new Headers(incoming);
  for (const name of incoming.keys()) {
    if (requestOnly.has(name) || requestFamily.test(name)) {
      headers.delete(name);
    }
  }
  return headers;
}
