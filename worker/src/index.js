// @ts-check
// The relay: one request in, the same request to the provider, its answer back.
// Path: index → route → headers → forward → error.

import { readConfig } from "./config.js";
import { isPreflight, preflight } from "./cors.js";
import { failure } from "./error.js";
import { forward } from "./forward.js";
import { health } from "./health.js";
import { route } from "./route.js";

/**
 * @param {Request} request
 * @param {import("./config.js").Env} env
 * @returns {Response | Promise<Response>}
 */
function answer(request, env) {
  const config = readConfig(env);
  if (config.problem) {
    return failure(config.build, 500, "bad_config", `this relay is not set up correctly: ${config.problem}`);
  }
  if (isPreflight(request)) {
    return preflight(request, config.build);
  }
  const found = route(request.method, request.url, config.providers);
  switch (found.kind) {
    case "upstream":
      return forward(request, found.url, config.build);
    case "health":
      return health(request, config);
    default:
      return failure(config.build, found.status, found.code, found.message);
  }
}

export default { fetch: answer };
