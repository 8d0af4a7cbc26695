// @ts-check
// Which upstream URL a request means. Nothing that a caller sends can lead
// anywhere but to an origin of the configuration.

/**
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {{ kind: "upstream" | "keyless", provider: Provider, url: string, relay: string, prefix: string }
 *   | { kind: "health" | "page" }
 *   | { kind: "refused", status: number, code: string, message: string }} Route
 */

const keylessPath = "/-/keyless/";

const badPath = refused(400, "bad_path",
  "this path is not in canonical form: it may have no dot segments, backslashes or empty first segment, and special characters must be percent-encoded");
const badMethod = refused(405, "method_not_allowed", "this method is not relayed");
const notFound = refused(404, "not_found", "paths under /-/ are the relay's own, and there is nothing at this one");

// URL parsing lets a dot segment live when the slash beside it is
// percent-encoded, and an upstream that decodes first would follow it.
const hiddenDots = /(?:^|\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$)|%5c/i;

/**
 * @param {number} status
 * @param {string} code
 * @param {string} message
 * @returns {Route}
 */
function refused(status, code, message) {
  return Object.freeze({ kind: "refused", status, code, message });
}

/**
 * Programs ask the same few paths over and over, so what was worked out is kept;
 * for as many as an attacker may be let fill, and none with a query, which may
 * hold a key.
 * @param {Request} request
 * @param {import("./config.js").Config} config
 * @returns {Route}
 */
export function route({ method, url }, config) {
  const asked = `${method} ${url}`;
  const before = config.routes.get(asked);
  if (before !== undefined) {
    return before;
  }
  const found = Object.freeze(workOut(method, url, config));
  if (config.routes.size < 1000 && url.length < 200 && !url.includes("?")) {
    config.routes.set(asked, found);
  }
  return found;
}

/**
 * @param {string} method
 * @param {string} url as the runtime gives it: scheme, Host header and request target in one, not normalised
 * @param {import("./config.js").Config} config
 * @returns {Route}
 */
function workOut(method, url, config) {
  // An echoed request would show what was added to it on the way.
  if (method === "TRACE") {
    return badMethod;
  }
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) {
    return badPath;
  }
  const mark = url.indexOf("?", start);
  const path = mark < 0 ? url.slice(start) : url.slice(start, mark);
  if (path === "/" && config.page && (method === "GET" || method === "HEAD")) {
    return { kind: "page" };
  }
  if (path.startsWith("/-/")) {
    return ofRelay(method, path, config);
  }
  return toProvider("upstream", url.slice(0, start), path, mark < 0 ? "" : url.slice(mark), config);
}

/**
 * @param {string} method
 * @param {string} path one of the relay's own
 * @param {import("./config.js").Config} config
 * @returns {Route}
 */
function ofRelay(method, path, config) {
  if (path === "/-/health") {
    return { kind: "health" };
  }
  if (!config.managed || !path.startsWith(keylessPath)) {
    return notFound;
  }
  const found = toProvider("keyless", "", path.slice(keylessPath.length - 1), "", config);
  if (found.kind !== "keyless" || found.url !== found.provider.origin + found.provider.probe) {
    return notFound;
  }
  return method === "GET" || method === "POST" ? found : badMethod;
}

/**
 * "/{id}/…" leads to that provider, without the prefix, all else to the first one.
 * @param {"upstream" | "keyless"} kind
 * @param {string} relay scheme and host as the caller has them
 * @param {string} path begins with a slash
 * @param {string} query with its question mark, or ""
 * @param {import("./config.js").Config} config
 * @returns {Route}
 */
function toProvider(kind, relay, path, query, { providers }) {
  const end = path.indexOf("/", 1);
  const first = end < 0 ? path.slice(1) : path.slice(1, end);
  const named = providers.find((p) => p.id === first);
  const provider = named ?? providers[0];
  const prefix = named ? `/${first}` : "";
  const rest = withoutSlash(path.slice(prefix.length) || "/");
  if (rest.startsWith("//") || hiddenDots.test(path)) {
    return badPath;
  }
  const upstream = URL.parse(provider.origin + rest + query);
  if (upstream === null || upstream.origin !== provider.origin || upstream.pathname !== rest) {
    return badPath;
  }
  return { kind, provider, url: upstream.href, relay, prefix };
}

/**
 * Google's SDK writes two slashes before the path of a WebSocket when its base
 * URL ends in the host's name.
 * @param {string} path
 * @returns {string}
 */
function withoutSlash(path) {
  return path.startsWith("//ws/google.") ? path.slice(1) : path;
}
