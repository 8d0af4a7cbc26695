// @ts-check
// The relay's own failures, in the shape that OpenAI's SDKs understand:
// https://platform.openai.com/docs/guides/error-codes

import { allowAnyOrigin } from "./cors.js";

/**
 * @param {Request} request
 * @param {string} build
 * @param {number} status
 * @param {string} code stable, for programs
 * @param {string} message for people
 * @returns {Response}
 */
export function failure(request, build, status, code, message) {
  return ownAnswer(request, build, status, { error: { message, type: "cfproxy_error", param: null, code } });
}

/**
 * @param {Request} request
 * @param {string} build
 * @param {number} status
 * @param {unknown} value
 * @returns {Response} with value as JSON, never cached, for pages of any origin to read
 */
export function ownAnswer(request, build, status, value) {
  const headers = new Headers({
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-cfproxy": build,
  });
  allowAnyOrigin(headers);
  return new Response(request.method === "HEAD" ? null : JSON.stringify(value), { status, headers });
}
