// @ts-check
// What lets a page of any origin call the relay: https://fetch.spec.whatwg.org/#http-cors-protocol
// No credentials in the sense of that text (cookies) are involved, so "*" will do.

// By name as well, for browsers that do not know the asterisk.
const exposed = [
  "*", "x-request-id", "request-id", "x-cfproxy", "retry-after", "retry-after-ms", "x-should-retry",
  "openai-model", "openai-organization", "openai-processing-ms", "openai-project", "openai-version",
  "x-ratelimit-limit-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-requests",
  "x-ratelimit-remaining-tokens", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens",
  "content-disposition", "content-range", "etag", "location", "cf-ray",
].join(", ");

/**
 * @param {Request} request
 * @returns {boolean} whether a browser asks on its own account; any other OPTIONS is the upstream's business
 */
export function isPreflight({ method, headers }) {
  return method === "OPTIONS" && headers.has("origin") && headers.has("access-control-request-method");
}

/**
 * @param {Request} request
 * @param {string} build
 * @returns {Response} says yes without asking the upstream, and for a day
 */
export function preflight(request, build) {
  const headers = new Headers({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "access-control-max-age": "86400",
    "x-cfproxy": build,
  });
  const wanted = request.headers.get("access-control-request-headers");
  if (wanted) {
    headers.set("access-control-allow-headers", wanted);
  }
  return new Response(null, { status: 204, headers });
}

/** @param {Headers} headers of an answer */
export function allowAnyOrigin(headers) {
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-expose-headers", exposed);
}
