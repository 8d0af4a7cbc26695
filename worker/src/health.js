// @ts-check
// The health endpoint. A deploy polls it until the new build answers.

import { originOf } from "./cors.js";
import { errorResponse, jsonResponse } from "./error.js";

/**
 * @param {Request} request
 * @param {import("./config.js").Config} config
 * @returns {Response} without provider ids if the relay is managed: they concern only the owner and the token holders
 */
export function healthResponse(request, config) {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return errorResponse(originOf(request), config, { status: 405, code: "method_not_allowed", message: "only GET can be asked here" });
  }
  const { build, version, providers, managed } = config;
  return jsonResponse(originOf(request), config, 200, {
    service: "cfproxy",
    version,
    build,
    access: managed ? "managed" : "pass-through",
    providers: managed ? [] : providers.map((p) => p.id),
    colo: request.cf?.colo ?? null,
    placement: request.headers.get("cf-placement"),
  });
}
