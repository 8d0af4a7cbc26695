// @ts-check
// CORS, so that browser apps can call the relay: https://fetch.spec.whatwg.org/#http-cors-protocol
// No credentials in the sense of that specification (cookies) are involved, so "*" is allowed.

/** @typedef {import("./config.js").Config} Config */

// Listed by name as well, for browsers that do not support the wildcard.
const exposedHeaders = [
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
 * @returns {string | null} the Origin header, which browsers set
 */
export function originOf(request) {
  return request.headers.get("origin");
}

/**
 * @param {Request} request
 * @returns {boolean} whether it is a CORS preflight. Any other OPTIONS request is forwarded.
 */
export function isPreflight(request) {
  return request.method === "OPTIONS" && originOf(request) !== null && request.headers.has("access-control-request-method");
}

/**
 * Answers a preflight without calling the upstream. Browsers may cache the answer for a day.
 * @param {Request} request
 * @param {Config} config
 * @returns {Response} 403 without CORS headers if the owner does not allow the origin
 */
export function preflightResponse(request, config) {
  const headers = new Headers({ "x-cfproxy": config.build });
  setCORSHeaders(headers, originOf(request), config);
  if (!headers.has("access-control-allow-origin")) {
    return new Response(null, { status: 403, headers });
  }
  headers.set("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  headers.set("access-control-max-age", "86400");
  const requested = request.headers.get("access-control-request-headers");
  if (requested) {
    headers.set("access-control-allow-headers", requested);
  }
  return new Response(null, { status: 204, headers });
}

const corsHeaders = [
  "access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods",
  "access-control-allow-headers", "access-control-allow-private-network", "access-control-max-age", "access-control-expose-headers",
];

/**
 * Replaces the upstream's CORS headers in a response.
 * @param {Headers} headers of the response
 * @param {string | null} origin of the request
 * @param {Config} config
 */
export function setCORSHeaders(headers, origin, { origins }) {
  // Without an Origin header the client is no browser, and the two headers that are set below suffice.
  if (origin !== null || origins.length > 0) {
    corsHeaders.forEach((name) => headers.delete(name));
  }
  if (origins.length > 0) {
    headers.append("vary", "origin");
    if (origin === null || !origins.includes(origin)) {
      return;
    }
  }
  headers.set("access-control-allow-origin", origins.length > 0 && origin !== null ? origin : "*");
  headers.set("access-control-expose-headers", exposedHeaders);
}
