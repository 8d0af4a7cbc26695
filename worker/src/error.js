// @ts-check
// The relay's own failures, in the shape that OpenAI's SDKs understand:
// https://platform.openai.com/docs/guides/error-codes

import { allowAnyOrigin } from "./cors.js";

/**
 * @param {string} build
 * @param {number} status
 * @param {string} code stable, for programs
 * @param {string} message for people
 * @returns {Response}
 */
export function failure(build, status, code, message) {
  return ownAnswer(build, status, { error: { message, type: "cfproxy_error", param: null, code } });
}

/**
 * @param {string} build
 * @param {number} status
 * @param {unknown} value
 * @returns {Response} with value as JSON, never cached, for pages of any origin to read; to a HEAD the runtime sends the head alone
 */
export function ownAnswer(build, status, value) {
  const headers = new Headers({
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-cfproxy": build,
  });
  allowAnyOrigin(headers);
  return new Response(JSON.stringify(value), { status, headers });
}
