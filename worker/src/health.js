// @ts-check
// What the relay says of itself, so that a deploy can be waited for.

import { originOf } from "./cors.js";
import { fail, ownAnswer } from "./error.js";

/**
 * @param {Request} request
 * @param {import("./config.js").Config} config
 * @returns {Response} whom a managed relay leads to is between the owner and the holders of tokens, so it names no provider
 */
export function health(request, config) {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return fail(originOf(request), config, { status: 405, code: "method_not_allowed", message: "only GET can be asked here" });
  }
  const { build, version, providers, managed } = config;
  return ownAnswer(originOf(request), config, 200, {
    service: "cfproxy",
    version,
    build,
    access: managed ? "managed" : "pass-through",
    providers: managed ? [] : providers.map((p) => p.id),
    colo: request.cf?.colo ?? null,
    placement: request.headers.get("cf-placement"),
  });
}
