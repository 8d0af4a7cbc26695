// @ts-check
// The call to the upstream. Bodies are handed on as streams, untouched.

import { failure } from "./error.js";
import { cleanAnswer, cleanRequest } from "./headers.js";

/**
 * The copy of a request that came in hands redirects back: followed by us, one
 * would carry the caller's key to wherever it points. And a caller that leaves
 * needs no care: the runtime then ends the fetch.
 * @param {Request} request
 * @param {string} url at the upstream
 * @param {string} build
 * @returns {Promise<Response>}
 */
export async function forward(request, url, build) {
  const onward = new Request(url, request);
  cleanRequest(onward.headers, request.headers);
  try {
    return handBack(await fetch(onward), build);
  } catch {
    return failure(build, 502, "upstream_unreachable", "the provider could not be reached from where this relay runs");
  }
}

/**
 * @param {Response} answer
 * @param {string} build
 * @returns {Response} the answer with its body, its WebSocket if it has one, and headers that can be changed
 */
function handBack(answer, build) {
  if (answer.status > 599) {
    return failure(build, 502, "upstream_status", `the provider answered with a status that cannot be passed on: ${answer.status}`);
  }
  const back = new Response(answer.body, answer);
  cleanAnswer(back.headers, build);
  return back;
}
