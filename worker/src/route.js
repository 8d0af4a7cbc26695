// @ts-check
// Which upstream URL a request means. Nothing that a caller sends can lead
// anywhere but to an origin of the configuration.

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {{ kind: "upstream", url: string }
 *   | { kind: "health" }
 *   | { kind: "refused", status: number, code: string, message: string }} Route
 */

const healthPath = "/-/health";

/** @type {Route} */
const badPath = Object.freeze({
  kind: "refused",
  status: 400,
  code: "bad_path",
  message: "the path is not in its canonical form: no dot segments, no backslashes, no empty first segment, everything else percent-encoded",
});

/** @type {Route} */
const notFound = Object.freeze({
  kind: "refused",
  status: 404,
  code: "not_found",
  message: "paths under /-/ belong to the relay itself, and there is nothing at this one",
});

// A dot segment whose neighbouring slashes are percent-encoded outlives URL
// parsing, and an upstream that decodes first would follow it.
const hiddenDots = /(?:^|\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$)|%5c/i;

/**
 * @param {string} url as the runtime gives it: scheme, Host header and request target, not normalised
 * @param {Config} config
 * @returns {Route}
 */
export function route(url, config) {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) {
    return badPath;
  }
  const mark = url.indexOf("?", start);
  const path = mark < 0 ? url.slice(start) : url.slice(start, mark);
  if (path.startsWith("/-/")) {
    return path === healthPath ? { kind: "health" } : notFound;
  }
  const { origin, rest } = choose(path, config.providers);
  if (rest.startsWith("//") || hiddenDots.test(path)) {
    return badPath;
  }
  const upstream = URL.parse(origin + rest + (mark < 0 ? "" : url.slice(mark)));
  if (upstream === null || upstream.origin !== origin || upstream.pathname !== rest) {
    return badPath;
  }
  return { kind: "upstream", url: upstream.href };
}

/**
 * "/{id}/…" goes to that provider without the prefix, all else to the first one.
 * @param {string} path begins with a slash
 * @param {readonly Provider[]} providers
 * @returns {{ origin: string, rest: string }} rest begins with a slash
 */
function choose(path, providers) {
  const end = path.indexOf("/", 1);
  const segment = end < 0 ? path.slice(1) : path.slice(1, end);
  const named = providers.find((p) => p.id === segment);
  if (named === undefined) {
    return { origin: providers[0].origin, rest: path };
  }
  return { origin: named.origin, rest: end < 0 ? "/" : path.slice(end) };
}
