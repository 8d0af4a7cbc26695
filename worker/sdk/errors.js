// @ts-check
// Errors and retries of OpenAI's and Anthropic's SDKs, which share a code generator.

import assert from "node:assert/strict";
import { json } from "./responders.js";

/**
 * @template C
 * @typedef {import("./compare.js").Scenario<C>} Scenario
 */

/**
 * @template C
 * @param {(client: C, options: { maxRetries: number }) => unknown} request
 * @param {(status: number) => unknown} body
 * @param {number[]} statuses
 * @returns {Record<string, Scenario<C>>}
 */
export function errors(request, body, statuses) {
  const entries = statuses.map((status) => [`error ${status}`, {
    responders: [json(body(status), status, { "retry-after": "30", "x-ratelimit-reset-requests": "30s" })],
    run: (/** @type {C} */ client) => request(client, { maxRetries: 0 }),
    check: (/** @type {any} */ { thrown }, /** @type {unknown[]} */ requests) => {
      assert.deepEqual([thrown.status, thrown.requestID, thrown.headers["retry-after"], requests.length], [status, "req_1", "30", 1]);
      assert.match(thrown.message, /抱歉/);
    },
  }]);
  return Object.fromEntries(entries);
}

/**
 * @template C
 * @param {(client: C) => unknown} request
 * @param {import("./upstream.js").Responder} success
 * @returns {Record<string, Scenario<C>>}
 */
export function retries(request, success) {
  const body = { error: { message: "not now" } };
  const checkRetries = (/** @type {unknown} */ _, /** @type {import("./normalize.js").NormalizedRequest[]} */ requests) =>
    assert.deepEqual(requests.map((r) => r.headers["x-stainless-retry-count"]), ["0", "1", "2"]);
  return {
    "retry-after-ms and retry-after are obeyed, retries are counted": {
      responders: [json(body, 429, { "retry-after-ms": "5" }), json(body, 500, { "retry-after": "0.005" }), success], run: request, check: checkRetries,
    },
    "x-should-retry is obeyed": {
      responders: [json(body, 400, { "x-should-retry": "true", "retry-after-ms": "5" }), json(body, 409, { "retry-after-ms": "5" }), success], run: request, check: checkRetries,
    },
    "x-should-retry false is obeyed": {
      responders: [json(body, 500, { "x-should-retry": "false" })], run: request, check: (_, requests) => assert.equal(requests.length, 1),
    },
  };
}
