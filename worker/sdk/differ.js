// @ts-check
// Every scenario runs with the same SDK straight at the upstream, through the
// relay, and through the managed relay with a token in place of the key. What
// the SDK gives and what the upstream sees must be the same each time.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { plain, seenBy } from "./plain.js";
import { close, open, scene } from "./upstream.js";

/**
 * @typedef {import("./upstream.js").Answer} Answer
 * @typedef {"direct" | "relay" | "managed"} Way
 * @typedef {{ id: string, host: string, auth: string, first?: boolean }} Provider first: that which answers at the root
 * @typedef {Readonly<{ way: Way, key: string, base: string, tls: string, ack: () => void, arrived: () => Promise<unknown>, gone: () => Promise<unknown> }>} Run
 * base is the address that stands for the provider's origin
 */

/**
 * @template C
 * @typedef {{
 *   answers?: Answer[],
 *   session?: import("./upstream.js").Session,
 *   run: (client: C, run: Run) => unknown,
 *   check?: (result: any, requests: import("./plain.js").Arrived[]) => void,
 * }} Scenario check says what is expected, where being equal is not enough
 */

/** The owner's key of the managed relay; without it callers bring it themselves. */
const key = "sk-owner-key";

/** A token that may do everything. */
const token = "cfp_alice";

const places = JSON.parse(process.env.CFPROXY_ADDRESSES ?? "{}");

export const { elsewhere } = await open();
after(close);

/**
 * @template C
 * @param {Provider} provider
 * @param {(run: Run) => C} connect
 * @param {Record<string, Scenario<C>>} scenarios
 */
export function compare(provider, connect, scenarios) {
  for (const [name, scenario] of Object.entries(scenarios)) {
    test(`${provider.id}${provider.first ? " at the root" : ""}: ${name}`, { timeout: 20_000 }, async (t) => {
      const straight = await play(provider, connect, scenario, "direct");
      const check = scenario.check ?? (({ thrown }) => assert.equal(thrown, undefined));
      check(Object(straight.result), straight.requests);
      assert.ok(straight.requests.every((r) => ["", "elsewhere"].includes(r.host)), "the upstream was not asked directly");
      for (const way of /** @type {Way[]} */ (["relay", "managed"])) {
        await t.test(way, async () => {
          const relayed = await play(provider, connect, scenario, way);
          assert.deepEqual(relayed.result, straight.result);
          assert.deepEqual(relayed.requests, straight.requests.map((r) => atProvider(r, provider, way)));
        });
      }
    });
  }
}

/**
 * @template C
 * @param {Provider} provider
 * @param {(run: Run) => C} connect
 * @param {Scenario<C>} scenario
 * @param {Way} way
 */
async function play(provider, connect, { answers = [], session, run }, way) {
  const { requests, events, gone, arrived } = scene(answers, session);
  const here = {
    ...addressOf(provider, way), way, key: way === "managed" ? token : key,
    ack: () => void events.emit("ack"), arrived: () => arrived.next(), gone: () => gone.next(),
  };
  const result = await outcome(run, connect(here), here);
  return { result: plain(result), requests: requests.map(seenBy) };
}

/**
 * @param {import("./plain.js").Arrived} request as it came straight
 * @param {Provider} provider
 * @param {Way} way
 * @returns {import("./plain.js").Arrived} as it must come through the relay: to the provider's host, and where
 * access is managed with the owner's key in the provider's own header, wherever the SDK put the token;
 * elsewhere the SDK goes by itself, with what it holds
 */
function atProvider(request, { host, auth }, way) {
  if (way !== "managed") {
    return { ...request, host: request.host || host };
  }
  if (request.host !== "") {
    const held = Object.entries(request.headers).map(([name, value]) => [name, value.replace(key, token)]);
    return { ...request, headers: Object.fromEntries(held) };
  }
  const { authorization, "x-api-key": _, "x-goog-api-key": __, ...headers } = request.headers;
  const protocol = headers["sec-websocket-protocol"]?.replace(`,openai-insecure-api-key.${key}`, "");
  const exchanged = { ...headers, ...(protocol && { "sec-websocket-protocol": protocol }), [auth]: auth === "authorization" ? `Bearer ${key}` : key };
  return { ...request, host, path: request.path.replace(`?key=${key}`, ""), headers: exchanged };
}

/**
 * @param {Provider} provider
 * @param {Way} way
 * @returns {{ base: string, tls: string }}
 */
export function addressOf({ id, first }, way) {
  const path = way === "direct" || first ? "" : `/${id}`;
  const { http, tls } = places[way === "direct" ? "direct" : `${way} ${first ? id : "openai"}`];
  return { base: `http://${http}${path}`, tls: `https://${tls}${path}` };
}

/**
 * @template C
 * @param {Scenario<C>["run"]} run
 * @param {C} client
 * @param {Run} here
 */
async function outcome(run, client, here) {
  try {
    return await run(client, here);
  } catch (thrown) {
    return { thrown };
  }
}

/**
 * @template T
 * @param {AsyncIterable<T>} stream
 * @param {Run} run
 * @returns {Promise<T[]>} all of it; the upstream goes on after each
 */
export async function collect(stream, { ack }) {
  const all = [];
  for await (const part of stream) {
    all.push(part);
    ack();
  }
  return all;
}
