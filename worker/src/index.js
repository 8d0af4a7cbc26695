// @ts-check
// The entry point: forwards each request to its provider and returns the response.
// Read in this order: index, route, auth, forward, headers, error.

import { authorize } from "./auth.js";
import { readConfig } from "./config.js";
import { isPreflight, originOf, preflightResponse } from "./cors.js";
import { readToken, replaceCredential, stripKeyParams } from "./credential.js";
import { errorResponse } from "./error.js";
import { buildUpstreamRequest, forward, forwardKeyless } from "./forward.js";
import { healthResponse } from "./health.js";
import { pageResponse } from "./page.js";
import { matchRoute } from "./route.js";

/**
 * @param {Request} request
 * @param {import("./config.js").Env} env
 * @returns {Response | Promise<Response>}
 */
function handle(request, env) {
  const config = readConfig(env);
  if (config.problem) {
    return errorResponse(originOf(request), config, { status: 500, code: "bad_config", message: `this relay is not set up correctly: ${config.problem}` });
  }
  if (isPreflight(request)) {
    return preflightResponse(request, config);
  }
  const route = matchRoute(request, config);
  switch (route.kind) {
    case "upstream":
      return config.managed ? forwardManaged(request, route, config) : forward(buildUpstreamRequest(request, route.url), route, config);
    case "keyless":
      return forwardKeyless(request, route, config);
    case "health":
      return healthResponse(request, config);
    case "page":
      return pageResponse(request, config);
    default:
      return errorResponse(originOf(request), config, route);
  }
}

/**
 * Forwards a request to a managed relay with the owner's key, if its token is valid.
 * @param {Request} request
 * @param {import("./route.js").UpstreamRoute} route
 * @param {import("./config.js").Config} config
 * @returns {Promise<Response>}
 */
async function forwardManaged(request, route, config) {
  const { provider, url } = route;
  const upstreamRequest = buildUpstreamRequest(request, stripKeyParams(url));
  const { request: { headers }, origin } = upstreamRequest;
  const denied = await authorize(readToken(headers, url), origin, provider, config);
  if (denied !== null) {
    return denied;
  }
  const key = config.env[`KEY_${provider.id.replaceAll("-", "_")}`];
  if (typeof key !== "string") {
    return errorResponse(origin, config, { status: 500, code: "key_missing", message: "this relay has no key for this provider: its owner must deploy it again" }, provider.dialect);
  }
  replaceCredential(headers, provider, key);
  return forward(upstreamRequest, route, config);
}

export default { fetch: handle };
