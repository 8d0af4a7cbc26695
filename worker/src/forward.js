// @ts-check
// The call to the upstream. Bodies are handed on as streams, untouched.

import { allowOrigin } from "./cors.js";
import { exchange } from "./credential.js";
import { fail } from "./error.js";
import { cleanAnswer, cleanRequest } from "./headers.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {Readonly<{ provider: Provider, url: string }>} Upstream
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
export function forward(request, { provider, url }, config, key) {
  const onward = new Request(url, request);
  const mayBePage = cleanRequest(onward.headers, request);
  if (key !== undefined) {
    exchange(onward.headers, provider, key);
  }
  return fetch(onward).then(
    (answer) => {
      const back = handBack(answer, request, provider, config);
      if (mayBePage) {
        allowOrigin(back.headers, request, config);
      }
      return back;
    },
    () => fail(request, config, unreachable, provider.dialect),
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
export function askKeyless(request, upstream, config) {
  const body = request.method === "POST" ? "{}" : undefined;
  return forward(new Request(request.url, { method: request.method, headers: { "content-type": "application/json" }, body, redirect: "manual" }), upstream, config);
}

/**
 * @param {Response} answer
 * @param {Request} request
 * @param {Provider} provider
 * @param {Config} config
 * @returns {Response} the answer with its body, its WebSocket if it has one, and headers that can be changed
 */
function handBack(answer, request, provider, config) {
  try {
    const back = new Response(answer.body, answer);
    cleanAnswer(back.headers, config.build);
    return back;
  } catch { // A Response has a status of 200 to 599, and what is sent to us may have another.
    return fail(request, config, { status: 502, code: "upstream_status", message: `the provider answered with a status that cannot be passed on: ${answer.status}` }, provider.dialect);
  }
}
