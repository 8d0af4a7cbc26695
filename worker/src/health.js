// @ts-check
// What the relay says of itself, so that a deploy can be waited for.

import { failure, ownAnswer } from "./error.js";

/**
 * @param {Request} request
 * @param {import("./config.js").Config} config
 * @returns {Response}
 */
export function health(request, { build, version, providers }) {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return failure(build, 405, "method_not_allowed", "only GET can be asked here");
  }
  return ownAnswer(build, 200, {
    service: "cfproxy",
    version,
    build,
    providers: providers.map((p) => p.id),
    colo: request.cf?.colo ?? null,
  });
}
