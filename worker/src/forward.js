// @ts-check
// The call to the upstream. Bodies are streamed and never read.

import { setCORSHeaders } from "./cors.js";
import { errorResponse } from "./error.js";
import { cleanRequestHeaders, cleanResponseHeaders } from "./headers.js";
import { rewriteLocations } from "./location.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./route.js").UpstreamRoute} UpstreamRoute
 * @typedef {Readonly<{ request: Request, origin: string | null }>} UpstreamRequest origin is the Origin header of the incoming request
 */

const unreachable = { status: 502, code: "upstream_unreachable", message: "the provider could not be reached from where this relay runs" };

/**
 * Copies an incoming request. The copy keeps `redirect: "manual"`: following a redirect would send the caller's key to
 * its target. If the caller disconnects, the runtime cancels the upstream request by itself.
 * @param {Request} incoming
 * @param {string} url
 * @returns {UpstreamRequest}
 */
export function buildUpstreamRequest(incoming, url) {
  const request = new Request(url, incoming);
  return { request, origin: cleanRequestHeaders(request.headers).origin };
}

/**
 * Sends a request to the upstream. A response with status 200 to an official SDK outside a browser is returned unmodified,
 * without the X-Cfproxy header: copying it would take 8 % more CPU time per request (BenchmarkRelay), and the changes are
 * for browsers, which send Origin.
 * @param {UpstreamRequest} upstreamRequest
 * @param {UpstreamRoute} route
 * @param {Config} config
 * @returns {Promise<Response>}
 */
export function forward({ request, origin }, route, config) {
  const isSDK = origin === null && request.headers.has("x-stainless-lang");
  return fetch(request).then(
    (response) => isSDK && response.status === 200 ? response : returnResponse(response, route, origin, config),
    () => errorResponse(origin, config, unreachable, route.provider.dialect),
  );
}

/**
 * Sends the provider's probe without a key. `cfproxy verify` uses it on managed relays without a token, so the caller
 * controls nothing but the path.
 * @param {Request} incoming
 * @param {UpstreamRoute} route
 * @param {Config} config
 * @returns {Promise<Response>}
 */
export function forwardKeyless({ method, url }, route, config) {
  const body = method === "POST" ? "{}" : undefined;
  const probe = new Request(url, { method, headers: { "content-type": "application/json" }, body, redirect: "manual" });
  return forward(buildUpstreamRequest(probe, route.url), route, config);
}

/**
 * @param {Response} upstreamResponse
 * @param {UpstreamRoute} route
 * @param {string | null} origin of the request
 * @param {Config} config
 * @returns {Response} a copy with the same body or WebSocket, and cleaned headers
 */
function returnResponse(upstreamResponse, route, origin, config) {
  const { status } = upstreamResponse;
  if (status > 599) { // The Response constructor rejects it.
    return errorResponse(origin, config, { status: 502, code: "upstream_status", message: `the provider answered with a status that cannot be passed on: ${status}` }, route.provider.dialect);
  }
  const response = new Response(upstreamResponse.body, upstreamResponse);
  cleanResponseHeaders(response.headers, config.build);
  if (status > 200 || route.provider.dialect === "google") {
    rewriteLocations(response.headers, route);
  }
  setCORSHeaders(response.headers, origin, config);
  return response;
}
