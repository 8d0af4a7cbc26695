// @ts-check
// Maps a request to an upstream URL. No request can reach an origin that the configuration does not name.

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {{ kind: "upstream" | "keyless", provider: Provider, url: string, relay: string, prefix: string }} UpstreamRoute
 * relay (scheme and host) and prefix are what the caller's URL has in place of the provider's origin
 * @typedef {UpstreamRoute
 *   | { kind: "health" | "page" }
 *   | { kind: "error", status: number, code: string, message: string }} Route
 */

const keylessPath = "/-/keyless/";

const badPath = errorRoute(400, "bad_path",
  "this path is not in canonical form: it may have no dot segments, backslashes or empty first segment, and special characters must be percent-encoded");
const badMethod = errorRoute(405, "method_not_allowed", "this method is not relayed");
const notFound = errorRoute(404, "not_found", "paths under /-/ are the relay's own, and there is nothing at this one");

// URL parsing keeps a dot segment if its slash is percent-encoded, but an upstream that decodes the path first would
// resolve it.
const encodedDotSegment = /(?:^|\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$)|%5c/i;

/**
 * @param {number} status
 * @param {string} code
 * @param {string} message
 * @returns {Route}
 */
function errorRoute(status, code, message) {
  return Object.freeze({ kind: "error", status, code, message });
}

/**
 * @param {Pick<Request, "method" | "url">} request url is scheme, Host header and request target, which the runtime does not
 * normalize
 * @param {Config} config
 * @returns {Route}
 */
export function matchRoute({ method, url }, config) {
  // The response to TRACE would show the headers that were added on the way.
  if (method === "TRACE") {
    return badMethod;
  }
  const pathStart = url.indexOf("/", url.indexOf("://") + 3);
  if (pathStart < 0) {
    return badPath;
  }
  const queryStart = url.indexOf("?", pathStart);
  const path = queryStart < 0 ? url.slice(pathStart) : url.slice(pathStart, queryStart);
  if (path === "/" && config.page && (method === "GET" || method === "HEAD")) {
    return { kind: "page" };
  }
  if (path.startsWith("/-/")) {
    return ownRoute(method, path, config);
  }
  return upstreamRoute("upstream", url.slice(0, pathStart), path, queryStart < 0 ? "" : url.slice(queryStart), config);
}

/**
 * @param {string} method
 * @param {string} path below /-/
 * @param {Config} config
 * @returns {Route}
 */
function ownRoute(method, path, config) {
  if (path === "/-/health") {
    return { kind: "health" };
  }
  if (!config.managed || !path.startsWith(keylessPath)) {
    return notFound;
  }
  const route = upstreamRoute("keyless", "", path.slice(keylessPath.length - 1), "", config);
  if (route.kind !== "keyless" || route.url !== route.provider.origin + route.provider.probe) {
    return notFound;
  }
  return method === "GET" || method === "POST" ? route : badMethod;
}

/**
 * "/{id}/…" selects that provider and drops the prefix. Any other path belongs to the first provider.
 * @param {"upstream" | "keyless"} kind
 * @param {string} relay scheme and host of the relay
 * @param {string} path begins with a slash
 * @param {string} query with its question mark, or ""
 * @param {Config} config
 * @returns {Route}
 */
function upstreamRoute(kind, relay, path, query, { providers }) {
  const end = path.indexOf("/", 1);
  const segment = end < 0 ? path.slice(1) : path.slice(1, end);
  const named = providers.find((p) => p.id === segment);
  const provider = named ?? providers[0];
  const prefix = named ? `/${segment}` : "";
  const pathname = dropExtraSlash(path.slice(prefix.length) || "/");
  if (pathname.startsWith("//") || encodedDotSegment.test(path)) {
    return badPath;
  }
  const upstream = URL.parse(provider.origin + pathname + query);
  if (upstream === null || upstream.origin !== provider.origin || upstream.pathname !== pathname) {
    return badPath;
  }
  return { kind, provider, url: upstream.href, relay, prefix };
}

/**
 * Google's SDK writes two slashes before the path of a WebSocket if its base URL has no path.
 * @param {string} path
 * @returns {string}
 */
function dropExtraSlash(path) {
  return path.startsWith("//ws/google.") ? path.slice(1) : path;
}
