// @ts-check
// The bindings, read once for each env and frozen. A Worker that was set up
// wrongly answers every request with the reason instead of half working.

/**
 * @typedef {{ PROVIDERS?: unknown, BUILD?: unknown, VERSION?: unknown }} Env
 * @typedef {Readonly<{ id: string, origin: string }>} Provider
 * @typedef {Readonly<{
 *   problem: string,
 *   build: string,
 *   version: string,
 *   providers: readonly Provider[],
 * }>} Config problem is empty when all is well; then providers has an entry or more, the default first
 */

const idPattern = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const buildPattern = /^[\w.-]+$/;

/**
 * Keyed by env, not kept in a plain variable: Cloudflare may go on using an
 * isolate after a deploy that changed nothing but bindings.
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/#making-changes-to-bindings
 * @type {WeakMap<Env, Config>}
 */
const known = new WeakMap();

/**
 * @param {Env} env
 * @returns {Config}
 */
export function readConfig(env) {
  const before = known.get(env);
  if (before !== undefined) {
    return before;
  }
  const config = parse(env);
  known.set(env, config);
  return config;
}

/**
 * @param {Env} env
 * @returns {Config}
 */
function parse(env) {
  const problem = problemOf(env);
  return Object.freeze({
    problem,
    build: isBuild(env.BUILD) ? env.BUILD : "unknown",
    version: String(env.VERSION ?? ""),
    providers: Object.freeze(problem ? [] : /** @type {Provider[]} */ (env.PROVIDERS).map(pick)),
  });
}

/**
 * @param {Provider} provider
 * @returns {Provider}
 */
function pick({ id, origin }) {
  return Object.freeze({ id, origin });
}

/**
 * @param {Env} env
 * @returns {string} what is wrong, if anything
 */
function problemOf({ PROVIDERS, BUILD, VERSION }) {
  if (!isBuild(BUILD)) {
    return "the binding BUILD is missing or malformed";
  }
  if (typeof VERSION !== "string" || VERSION === "") {
    return "the binding VERSION is missing";
  }
  if (!Array.isArray(PROVIDERS) || PROVIDERS.length === 0) {
    return "the binding PROVIDERS is missing, empty or not a list";
  }
  const bad = PROVIDERS.findIndex((p) => !isProvider(p));
  if (bad >= 0) {
    return `entry ${bad + 1} of the binding PROVIDERS needs an id and an https origin`;
  }
  return new Set(PROVIDERS.map((p) => p.id)).size < PROVIDERS.length ? "the binding PROVIDERS names an id twice" : "";
}

/**
 * @param {unknown} build
 * @returns {build is string} fit for a header
 */
function isBuild(build) {
  return typeof build === "string" && buildPattern.test(build);
}

/**
 * Only https origins: callers' keys travel there.
 * @param {any} p
 * @returns {boolean}
 */
function isProvider(p) {
  if (typeof p?.id !== "string" || typeof p.origin !== "string") {
    return false;
  }
  const url = URL.parse(p.origin);
  return idPattern.test(p.id) && url !== null && url.protocol === "https:" && url.origin === p.origin;
}
