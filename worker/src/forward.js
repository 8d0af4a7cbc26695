// @ts-check
// The call to the upstream. Bodies are handed on as streams, untouched.

import { allowOrigin } from "./cors.js";
import { fail } from "./error.js";
import { cleanAnswer, cleanRequest } from "./headers.js";
import { pointBack } from "./pointer.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {Readonly<{ provider: Provider, url: string, relay: string, prefix: string }>} Upstream relay and prefix are where the relay stands for the provider's origin
 * @typedef {Readonly<{ onward: Request, origin: string | null }>} Call what goes to the provider, and the origin of the page that asks, if one does
 */

const unreachable = { status: 502, code: "upstream_unreachable", message: "the provider could not be reached from where this relay runs" };

/**
 * The copy of a request that came in hands redirects back: followed by us, one
 * would carry the caller's key to wherever it points. And a caller that leaves
 * needs no care: the runtime then ends the fetch.
 * @param {Request} request
 * @param {string} url
 * @returns {Call}
 */
export function prepare(request, url) {
  const onward = new Request(url, request);
  return { onward, origin: cleanRequest(onward.headers).origin };
}

/**
 * A success goes back to an official SDK as it is, without the mark: to make an
 * answer that can be changed costs more than all the rest that is done here, and
 * what would be changed is for browsers, whose pages name their Origin.
 * @param {Call} call
 * @param {Upstream} upstream
 * @param {Config} config
 * @returns {Promise<Response>}
 */
export function send({ onward, origin }, upstream, config) {
  const isSDK = origin === null && onward.headers.has("x-stainless-lang");
  return fetch(onward).then(
    (answer) => isSDK && answer.status === 200 ? answer : handBack(answer, upstream, origin, config),
    () => fail(origin, config, unreachable, upstream.provider.dialect),
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
  const asked = new Request(url, { method, headers: { "content-type": "application/json" }, body, redirect: "manual" });
  return send(prepare(asked, upstream.url), upstream, config);
}

/**
 * @param {Response} answer
 * @param {Upstream} upstream
 * @param {string | null} origin of the page that asks
 * @param {Config} config
 * @returns {Response} the answer with its body, its WebSocket if it has one, and headers that can be changed
 */
function handBack(answer, upstream, origin, config) {
  const { status } = answer;
  if (status > 599) { // Nothing that can be made of it has such a status.
    return fail(origin, config, { status: 502, code: "upstream_status", message: `the provider answered with a status that cannot be passed on: ${status}` }, upstream.provider.dialect);
  }
  const back = new Response(answer.body, answer);
  cleanAnswer(back.headers, config.build);
  if (status > 200 || upstream.provider.dialect === "google") {
    pointBack(back.headers, upstream);
  }
  allowOrigin(back.headers, origin, config);
  return back;
}
