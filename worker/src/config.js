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
 * }>} Config problem is empty when all is well; providers has at least one entry then, the default first.
 */

const idPattern = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

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
  if (before) {
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
  const build = typeof env.BUILD === "string" && env.BUILD !== "" ? env.BUILD : "unknown";
  const version = typeof env.VERSION === "string" ? env.VERSION : "";
  const problem = problemOf(env);
  const providers = problem ? [] : /** @type {Provider[]} */ (env.PROVIDERS).map(pick);
  return Object.freeze({ problem, build, version, providers: Object.freeze(providers) });
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
 * @returns {string} what is wrong, or nothing
 */
function problemOf({ PROVIDERS, BUILD, VERSION }) {
  if (typeof BUILD !== "string" || BUILD === "") {
    return "the binding BUILD is missing";
  }
  if (typeof VERSION !== "string" || VERSION === "") {
    return "the binding VERSION is missing";
  }
  if (!Array.isArray(PROVIDERS) || PROVIDERS.length === 0) {
    return "the binding PROVIDERS is missing, empty or not a list";
  }
  const bad = PROVIDERS.findIndex((p) => !isProvider(p));
  if (bad >= 0) {
    return `entry ${bad} of the binding PROVIDERS needs an id and an https origin`;
  }
  return new Set(PROVIDERS.map((p) => p.id)).size === PROVIDERS.length ? "" : "the binding PROVIDERS has an id twice";
}

/**
 * @param {any} p
 * @returns {boolean}
 */
function isProvider(p) {
  return typeof p?.id === "string" && idPattern.test(p.id) && typeof p.origin === "string" && isOrigin(p.origin);
}

/**
 * Only https: callers' keys travel there.
 * @param {string} text
 * @returns {boolean}
 */
function isOrigin(text) {
  const url = URL.parse(text);
  return url !== null && url.protocol === "https:" && url.origin === text;
}
