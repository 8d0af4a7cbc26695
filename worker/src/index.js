// @ts-check
// The relay: one request in, the same request to the provider, its answer back.
// Path: index → route → auth → forward → headers → error.

import { refuse } from "./auth.js";
import { readConfig } from "./config.js";
import { isPreflight, originOf, preflight } from "./cors.js";
import { exchange, tokenOf, withoutKey } from "./credential.js";
import { fail } from "./error.js";
import { askKeyless, prepare, send } from "./forward.js";
import { health } from "./health.js";
import { page } from "./page.js";
import { route } from "./route.js";

/**
 * @param {Request} request
 * @param {import("./config.js").Env} env
 * @returns {Response | Promise<Response>}
 */
function answer(request, env) {
  const config = readConfig(env);
  if (config.problem) {
    return fail(originOf(request), config, { status: 500, code: "bad_config", message: `this relay is not set up correctly: ${config.problem}` });
  }
  if (isPreflight(request)) {
    return preflight(request, config);
  }
  const found = route(request, config);
  switch (found.kind) {
    case "upstream":
      return config.managed ? sendForToken(request, found, config) : send(prepare(request, found.url), found, config);
    case "keyless":
      return askKeyless(request, found, config);
    case "health":
      return health(request, config);
    case "page":
      return page(request, config);
    default:
      return fail(originOf(request), config, found);
  }
}

/**
 * @param {Request} request
 * @param {import("./forward.js").Upstream} upstream
 * @param {import("./config.js").Config} config
 * @returns {Promise<Response>}
 */
async function sendForToken(request, upstream, config) {
  const { provider, url } = upstream;
  const call = prepare(request, withoutKey(url));
  const { headers } = call.onward;
  const refusal = await refuse(tokenOf(headers, url), call.origin, provider, config);
  if (refusal !== null) {
    return refusal;
  }
  const key = config.env[`KEY_${provider.id.replaceAll("-", "_")}`];
  if (typeof key !== "string") {
    return fail(call.origin, config, { status: 500, code: "key_missing", message: "this relay has no key for this provider: its owner must deploy it again" }, provider.dialect);
  }
  exchange(headers, provider, key);
  return send(call, upstream, config);
}

export default { fetch: answer };
