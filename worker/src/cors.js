// @ts-check
// What lets a browser app call the relay: https://fetch.spec.whatwg.org/#http-cors-protocol
// No credentials in the sense of that text (cookies) are involved, so "*" will do
// where the owner names no origins.

/** @typedef {import("./config.js").Config} Config */

// By name as well, for browsers that do not know the asterisk.
const exposed = [
  "*", "x-request-id", "request-id", "x-cfproxy", "x-cfproxy-error", "retry-after", "retry-after-ms", "x-should-retry",
  "openai-model", "openai-organization", "openai-processing-ms", "openai-project", "openai-version",
  "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests",
  "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens",
  "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset",
  "anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset",
  "content-disposition", "content-range", "etag", "location", "cf-ray",
].join(", ");

/**
 * @param {Request} request
 * @returns {string | null} the origin of the page that asks, if one does
 */
export function originOf(request) {
  return request.headers.get("origin");
}

/**
 * @param {Request} request
 * @returns {boolean} whether a browser asks on its own account; any other OPTIONS is the upstream's business
 */
export function isPreflight(request) {
  return request.method === "OPTIONS" && originOf(request) !== null && request.headers.has("access-control-request-method");
}

/**
 * @param {Request} request
 * @param {Config} config
 * @returns {Response} says yes without asking the upstream, and for a day; to a page of an origin that the owner did not name it says nothing
 */
export function preflight(request, config) {
  const headers = new Headers({ "x-cfproxy": config.build });
  allowOrigin(headers, originOf(request), config);
  if (!headers.has("access-control-allow-origin")) {
    return new Response(null, { status: 403, headers });
  }
  headers.set("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  headers.set("access-control-max-age", "86400");
  const wanted = request.headers.get("access-control-request-headers");
  if (wanted) {
    headers.set("access-control-allow-headers", wanted);
  }
  return new Response(null, { status: 204, headers });
}

const ofUpstream = [
  "access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods",
  "access-control-allow-headers", "access-control-allow-private-network", "access-control-max-age", "access-control-expose-headers",
];

/**
 * Says which pages may read an answer.
 * @param {Headers} headers of an answer
 * @param {string | null} origin that the request names
 * @param {Config} config
 */
export function allowOrigin(headers, origin, { origins }) {
  // Nobody looks at what the provider allows where no page asks.
  if (origin !== null || origins.length > 0) {
    ofUpstream.forEach((name) => headers.delete(name));
  }
  if (origins.length > 0) {
    headers.append("vary", "origin");
    if (origin === null || !origins.includes(origin)) {
      return;
    }
  }
  headers.set("access-control-allow-origin", origins.length > 0 && origin !== null ? origin : "*");
  headers.set("access-control-expose-headers", exposed);
}
