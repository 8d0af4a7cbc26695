// @ts-check
// The relay's own errors, in the format that the provider's SDK expects.

import { setCORSHeaders } from "./cors.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {Readonly<{ status: number, code: string, message: string }>} RelayError code is stable, for programs; message is for people
 */

/**
 * The providers' names for HTTP status codes:
 * https://docs.anthropic.com/en/api/errors, https://ai.google.dev/gemini-api/docs/troubleshooting
 * @type {Record<number, [anthropic: string, google: string]>}
 */
const statusNames = {
  400: ["invalid_request_error", "INVALID_ARGUMENT"],
  401: ["authentication_error", "UNAUTHENTICATED"],
  403: ["permission_error", "PERMISSION_DENIED"],
  404: ["not_found_error", "NOT_FOUND"],
  405: ["invalid_request_error", "INVALID_ARGUMENT"],
  429: ["rate_limit_error", "RESOURCE_EXHAUSTED"],
  500: ["api_error", "INTERNAL"],
};

/**
 * @param {string} dialect
 * @param {RelayError} error
 * @returns {unknown} the JSON body
 */
function errorBody(dialect, { status, code, message }) {
  const [anthropic, google] = statusNames[status] ?? ["api_error", "UNAVAILABLE"];
  switch (dialect) {
    case "anthropic":
      return { type: "error", error: { type: anthropic, message: `${message} (cfproxy: ${code})` } };
    case "google":
      return { error: { code: status, message: `${message} (cfproxy: ${code})`, status: google } };
    case "cohere":
      return { message: `${message} (cfproxy: ${code})` };
    default: // https://platform.openai.com/docs/guides/error-codes; most other providers use this format too
      return { error: { message, type: "cfproxy_error", param: null, code } };
  }
}

/**
 * @param {string | null} origin of the request
 * @param {Config} config
 * @param {RelayError} error
 * @param {string} [dialect] that of the requested provider, if known
 * @returns {Response}
 */
export function errorResponse(origin, config, error, dialect = "openai") {
  const response = jsonResponse(origin, config, error.status, errorBody(dialect, error));
  response.headers.set("x-cfproxy-error", error.code);
  if (error.status === 429) {
    response.headers.set("retry-after", "60");
  }
  return response;
}

/**
 * @param {string | null} origin of the request
 * @param {Config} config
 * @param {number} status
 * @param {unknown} value
 * @returns {Response} value as JSON, not cacheable. The runtime omits the body for HEAD.
 */
export function jsonResponse(origin, config, status, value) {
  const headers = new Headers({
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-cfproxy": config.build,
  });
  setCORSHeaders(headers, origin, config);
  return new Response(JSON.stringify(value), { status, headers });
}
