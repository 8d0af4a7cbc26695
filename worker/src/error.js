// @ts-check
// The relay's own failures, each in the shape that the SDK of the provider
// asked for understands.

import { allowOrigin } from "./cors.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {Readonly<{ status: number, code: string, message: string }>} Failure code is stable, for programs; message is for people
 */

/**
 * What the documentation of each calls a status:
 * https://docs.anthropic.com/en/api/errors, https://ai.google.dev/gemini-api/docs/troubleshooting
 * @type {Record<number, [anthropic: string, google: string]>}
 */
const names = {
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
 * @param {Failure} failure
 * @returns {unknown}
 */
function shape(dialect, { status, code, message }) {
  const [anthropic, google] = names[status] ?? ["api_error", "UNAVAILABLE"];
  switch (dialect) {
    case "anthropic":
      return { type: "error", error: { type: anthropic, message: `${message} (cfproxy: ${code})` } };
    case "google":
      return { error: { code: status, message: `${message} (cfproxy: ${code})`, status: google } };
    case "cohere":
      return { message: `${message} (cfproxy: ${code})` };
    default: // https://platform.openai.com/docs/guides/error-codes, which most others follow
      return { error: { message, type: "cfproxy_error", param: null, code } };
  }
}

/**
 * @param {string | null} origin of the page that asks
 * @param {Config} config
 * @param {Failure} failure
 * @param {string} [dialect] that of the provider meant, if any is
 * @returns {Response}
 */
export function fail(origin, config, failure, dialect = "openai") {
  const response = ownAnswer(origin, config, failure.status, shape(dialect, failure));
  response.headers.set("x-cfproxy-error", failure.code);
  if (failure.status === 429) {
    response.headers.set("retry-after", "60");
  }
  return response;
}

/**
 * @param {string | null} origin of the page that asks
 * @param {Config} config
 * @param {number} status
 * @param {unknown} value
 * @returns {Response} with value as JSON, never cached; to a HEAD the runtime sends the head alone
 */
export function ownAnswer(origin, config, status, value) {
  const headers = new Headers({
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-cfproxy": config.build,
  });
  allowOrigin(headers, origin, config);
  return new Response(JSON.stringify(value), { status, headers });
}
