// @ts-check
// What OpenAI's and Anthropic's SDKs, which are of one make, do with refusals.

import assert from "node:assert/strict";
import { json } from "./answers.js";

/**
 * @template C
 * @typedef {import("./differ.js").Scenario<C>} Scenario
 */

/**
 * @template C
 * @param {(client: C, options: { maxRetries: number }) => unknown} ask
 * @param {(status: number) => unknown} body
 * @param {number[]} statuses
 * @returns {Record<string, Scenario<C>>}
 */
export function errors(ask, body, statuses) {
  const entries = statuses.map((status) => [`error ${status}`, {
    answers: [json(body(status), status, { "retry-after": "30", "x-ratelimit-reset-requests": "30s" })],
    run: (/** @type {C} */ client) => ask(client, { maxRetries: 0 }),
    check: (/** @type {any} */ { thrown }, /** @type {unknown[]} */ requests) => {
      assert.deepEqual([thrown.status, thrown.requestID, thrown.headers["retry-after"], requests.length], [status, "req_1", "30", 1]);
      assert.match(thrown.message, /抱歉/);
    },
  }]);
  return Object.fromEntries(entries);
}

/**
 * @template C
 * @param {(client: C) => unknown} ask
 * @param {import("./upstream.js").Answer} good
 * @returns {Record<string, Scenario<C>>}
 */
export function retries(ask, good) {
  const why = { error: { message: "not now" } };
  const counted = (/** @type {unknown} */ _, /** @type {import("./plain.js").Arrived[]} */ requests) =>
    assert.deepEqual(requests.map((r) => r.headers["x-stainless-retry-count"]), ["0", "1", "2"]);
  return {
    "retry-after-ms and retry-after are obeyed, retries counted": {
      answers: [json(why, 429, { "retry-after-ms": "5" }), json(why, 500, { "retry-after": "0.005" }), good], run: ask, check: counted,
    },
    "x-should-retry is obeyed": {
      answers: [json(why, 400, { "x-should-retry": "true", "retry-after-ms": "5" }), json(why, 409, { "retry-after-ms": "5" }), good], run: ask, check: counted,
    },
    "x-should-retry false is obeyed": {
      answers: [json(why, 500, { "x-should-retry": "false" })], run: ask, check: (_, requests) => assert.equal(requests.length, 1),
    },
  };
}
