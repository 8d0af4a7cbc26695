// @ts-check
// A caller that gives up: by its own word, or since time is up.

import assert from "node:assert/strict";
import { endless, silent } from "./answers.js";

/**
 * @typedef {{ signal?: AbortSignal, timeout?: number, maxRetries?: number }} Options
 */

/**
 * @template C
 * @param {(client: C, options: Options) => Promise<any>} ask for a stream
 * @param {string} first of its events
 * @returns {Record<string, import("./differ.js").Scenario<C>>}
 */
export function endings(ask, first) {
  return {
    "abort in mid-stream stops the upstream": {
      answers: [endless(first)],
      run: async (client, { gone }) => {
        const leave = new AbortController();
        const events = [];
        for await (const event of await ask(client, { signal: leave.signal })) {
          events.push(event);
          leave.abort();
        }
        await gone();
        return events;
      },
      check: (events) => assert.equal(events.length, 1),
    },
    "break in mid-stream stops the upstream": {
      answers: [endless(first)],
      run: async (client, { gone }) => {
        for await (const event of await ask(client, {})) {
          await event;
          break;
        }
        await gone();
      },
    },
    "abort before the answer": {
      answers: [silent],
      run: async (client, { arrived }) => {
        const leave = new AbortController();
        void arrived().then(() => leave.abort());
        return ask(client, { signal: leave.signal });
      },
      check: ({ thrown }) => assert.equal(thrown.class, "APIUserAbortError"),
    },
    "time is up": {
      answers: [silent],
      run: async (client, { arrived }) => {
        const [outcome] = await Promise.allSettled([ask(client, { timeout: 1000, maxRetries: 0 }), arrived()]);
        return outcome;
      },
      check: ({ reason }) => assert.equal(reason.class, "APIConnectionTimeoutError"),
    },
  };
}
