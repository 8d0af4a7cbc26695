// @ts-check
// Cancellation by the caller, and timeouts.

import assert from "node:assert/strict";
import { endless, noResponse } from "./responders.js";

/**
 * @typedef {{ signal?: AbortSignal, timeout?: number, maxRetries?: number }} Options
 */

/**
 * @template C
 * @param {(client: C, options: Options) => Promise<any>} request starts a stream
 * @param {string} first its first event
 * @returns {Record<string, import("./compare.js").Scenario<C>>}
 */
export function cancellation(request, first) {
  return {
    "abort during the stream cancels the upstream": {
      responders: [endless(first)],
      run: async (client, { disconnected }) => {
        const controller = new AbortController();
        const events = [];
        for await (const event of await request(client, { signal: controller.signal })) {
          events.push(event);
          controller.abort();
        }
        await disconnected();
        return events;
      },
      check: (events) => assert.equal(events.length, 1),
    },
    "break during the stream cancels the upstream": {
      responders: [endless(first)],
      run: async (client, { disconnected }) => {
        for await (const event of await request(client, {})) {
          await event;
          break;
        }
        await disconnected();
      },
    },
    "abort before the response": {
      responders: [noResponse],
      run: async (client, { arrived }) => {
        const controller = new AbortController();
        void arrived().then(() => controller.abort());
        return request(client, { signal: controller.signal });
      },
      check: ({ thrown }) => assert.equal(thrown.class, "APIUserAbortError"),
    },
    "timeout": {
      responders: [noResponse],
      run: async (client, { arrived }) => {
        const [result] = await Promise.allSettled([request(client, { timeout: 1000, maxRetries: 0 }), arrived()]);
        return result;
      },
      check: ({ reason }) => assert.equal(reason.class, "APIConnectionTimeoutError"),
    },
  };
}
