// @ts-check
// The call to the upstream. Bodies are handed on as streams, untouched.

import { failure } from "./error.js";
import { cleanAnswer, cleanRequest } from "./headers.js";

/** Followed by us, a redirect would carry the caller's key to wherever it points. */
const handBackRedirects = Object.freeze({ redirect: /** @type {const} */ ("manual") });

/**
 * A caller that leaves needs no care here: the runtime then ends the fetch.
 * @param {Request} request
 * @param {string} url at the upstream
 * @param {string} build
 * @returns {Promise<Response>}
 */
export async function forward(request, url, build) {
  const onward = new Request(url, request);
  cleanRequest(onward.headers, request.headers);
  const answer = await fetch(onward, handBackRedirects).catch(() => null);
  if (answer === null) {
    return failure(request, build, 502, "upstream_unreachable", "the provider could not be reached from where this relay runs");
  }
  if (answer.status > 599) {
    return failure(request, build, 502, "upstream_status", `the provider answered with a status that cannot be passed on: ${answer.status}`);
  }
  // The copy keeps status, body and WebSocket, and its headers can be changed.
  const back = new Response(answer.body, answer);
  cleanAnswer(back.headers, build);
  return back;
}
