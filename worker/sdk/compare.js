// @ts-check
// Runs every scenario with the same SDK directly against the upstream, through the relay, and through the managed relay
// with a token in place of the key. The SDK's results and the requests at the upstream must be the same.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { normalize, normalizeRequest } from "./normalize.js";
import { close, open, startScenario } from "./upstream.js";

/**
 * @typedef {import("./upstream.js").Responder} Responder
 * @typedef {"direct" | "relay" | "managed"} Route
 * @typedef {{ id: string, host: string, auth: string, first?: boolean }} Provider first: served at the root
 * @typedef {Readonly<{ route: Route, key: string, base: string, tls: string, ack: () => void, arrived: () => Promise<unknown>, disconnected: () => Promise<unknown> }>} Run
 * base replaces the provider's origin
 */

/**
 * @template C
 * @typedef {{
 *   responders?: Responder[],
 *   session?: import("./upstream.js").Session,
 *   run: (client: C, run: Run) => unknown,
 *   check?: (result: any, requests: import("./normalize.js").NormalizedRequest[]) => void,
 * }} Scenario check verifies the direct run, where comparison is not enough
 */

/** The provider's key: the owner's if the relay is managed, otherwise the caller's. */
const key = "sk-owner-key";

/** A token without restrictions. */
const token = "cfp_alice";

const addresses = JSON.parse(process.env.CFPROXY_ADDRESSES ?? "{}");

export const { otherOrigin } = await open();
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
      const direct = await runScenario(provider, connect, scenario, "direct");
      const check = scenario.check ?? (({ thrown }) => assert.equal(thrown, undefined));
      check(Object(direct.result), direct.requests);
      assert.ok(direct.requests.every((r) => ["", "elsewhere"].includes(r.host)), "the request did not reach the upstream directly");
      for (const route of /** @type {Route[]} */ (["relay", "managed"])) {
        await t.test(route, async () => {
          const relayed = await runScenario(provider, connect, scenario, route);
          assert.deepEqual(relayed.result, direct.result);
          assert.deepEqual(relayed.requests, direct.requests.map((r) => expectedRequest(r, provider, route)));
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
 * @param {Route} route
 */
async function runScenario(provider, connect, scenario, route) {
  const { requests, events, disconnected, arrived } = startScenario(scenario.responders ?? [], scenario.session);
  const run = {
    ...routeURLs(provider, route), route, key: route === "managed" ? token : key,
    ack: () => void events.emit("ack"), arrived: () => arrived.next(), disconnected: () => disconnected.next(),
  };
  const result = await resultOf(scenario.run, connect(run), run);
  return { result: normalize(result), requests: requests.map(normalizeRequest) };
}

/**
 * @param {import("./normalize.js").NormalizedRequest} request received directly
 * @param {Provider} provider
 * @param {Route} route
 * @returns {import("./normalize.js").NormalizedRequest} what the upstream must receive through the relay: at the provider's host and, if
 * the relay is managed, with the owner's key in the provider's header, wherever the SDK put the token. Requests to other
 * hosts bypass the relay and carry what the SDK has.
 */
function expectedRequest(request, { host, auth }, route) {
  if (route !== "managed") {
    return { ...request, host: request.host || host };
  }
  if (request.host !== "") {
    const headers = Object.entries(request.headers).map(([name, value]) => [name, value.replace(key, token)]);
    return { ...request, headers: Object.fromEntries(headers) };
  }
  const { authorization, "x-api-key": _, "x-goog-api-key": __, ...headers } = request.headers;
  const protocol = headers["sec-websocket-protocol"]?.replace(`,openai-insecure-api-key.${key}`, "");
  const replaced = { ...headers, ...(protocol && { "sec-websocket-protocol": protocol }), [auth]: auth === "authorization" ? `Bearer ${key}` : key };
  return { ...request, host, path: request.path.replace(`?key=${key}`, ""), headers: replaced };
}

/**
 * @param {Provider} provider
 * @param {Route} route
 * @returns {{ base: string, tls: string }}
 */
export function routeURLs({ id, first }, route) {
  const path = route === "direct" || first ? "" : `/${id}`;
  const { http, tls } = addresses[route === "direct" ? "direct" : `${route} ${first ? id : "openai"}`];
  return { base: `http://${http}${path}`, tls: `https://${tls}${path}` };
}

/**
 * @template C
 * @param {Scenario<C>["run"]} start
 * @param {C} client
 * @param {Run} run
 */
async function resultOf(start, client, run) {
  try {
    return await start(client, run);
  } catch (thrown) {
    return { thrown };
  }
}

/**
 * @template T
 * @param {AsyncIterable<T>} stream
 * @param {Run} run
 * @returns {Promise<T[]>} all parts; the upstream sends the next part after each
 */
export async function collect(stream, { ack }) {
  const all = [];
  for await (const part of stream) {
    all.push(part);
    ack();
  }
  return all;
}
