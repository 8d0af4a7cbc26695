// @ts-check
// The call to the upstream. Bodies are handed on as streams, untouched.

import { allowOrigin, originOf } from "./cors.js";
import { exchange } from "./credential.js";
import { fail } from "./error.js";
import { cleanAnswer, cleanRequest } from "./headers.js";
import { pointBack } from "./pointer.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {Readonly<{ provider: Provider, url: string, own: string }>} Upstream own is where the relay stands for the provider's origin
 */

const unreachable = { status: 502, code: "upstream_unreachable", message: "the provider could not be reached from where this relay runs" };

/**
 * The copy of a request that came in hands redirects back: followed by us, one
 * would carry the caller's key to wherever it points. And a caller that leaves
 * needs no care: the runtime then ends the fetch.
 * @param {Request} request
 * @param {Upstream} upstream
 * @param {Config} config
 * @param {string} [key] the owner's, which takes the place of the caller's
 * @returns {Promise<Response>}
 */
export function forward(request, upstream, config, key) {
  const onward = new Request(upstream.url, request);
  const isPlain = cleanRequest(onward.headers, request);
  if (key !== undefined) {
    exchange(onward.headers, upstream.provider, key);
  }
  // undefined: no page asks, and nothing needs to be said to one.
  const origin = isPlain ? undefined : originOf(request);
  return fetch(onward).then(
    (answer) => handBack(answer, upstream, origin, config),
    () => fail(origin ?? null, config, unreachable, upstream.provider.dialect),
  );
}

/**
 * Asks the provider without any key what it says to that. It is how a managed
 * relay is verified, so the caller chooses nothing but the path.
 * @param {Request} request
 * @param {Upstream} upstream
 * @param {Config} config
 * @returns {Promise<Response>}
 */
export function askKeyless({ method, url }, upstream, config) {
  const body = method === "POST" ? "{}" : undefined;
  return forward(new Request(url, { method, headers: { "content-type": "application/json" }, body, redirect: "manual" }), upstream, config);
}

/**
 * @param {Response} answer
 * @param {Upstream} upstream
 * @param {string | null | undefined} origin of the page that may ask
 * @param {Config} config
 * @returns {Response} the answer with its body, its WebSocket if it has one, and headers that can be changed
 */
function handBack(answer, upstream, origin, config) {
  const { status } = answer;
  if (status > 599) { // Nothing that can be made of it has such a status.
    return fail(origin ?? null, config, { status: 502, code: "upstream_status", message: `the provider answered with a status that cannot be passed on: ${status}` }, upstream.provider.dialect);
  }
  const back = new Response(answer.body, answer);
  cleanAnswer(back.headers, config.build);
  if (status > 200 || upstream.provider.dialect === "google") {
    pointBack(back.headers, upstream);
  }
  if (origin !== undefined) {
    allowOrigin(back.headers, origin, config);
  }
  return back;
}
