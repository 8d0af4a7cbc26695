// @ts-check
// The bindings, read once for each env and frozen. A Worker that was set up
// wrongly answers every request with the reason instead of half working.

/**
 * @typedef {Record<string, unknown>} Env
 * @typedef {Readonly<{
 *   id: string, name: string, origin: string, base: string, dialect: string, auth: string, probe: string, model?: string,
 * }>} Provider
 * @typedef {Readonly<{
 *   problem: string,
 *   build: string,
 *   version: string,
 *   providers: readonly Provider[],
 *   managed: boolean,
 *   page: boolean,
 *   origins: readonly string[],
 *   env: Env,
 *   routes: Map<string, import("./route.js").Route>,
 * }>} Config problem is empty when all is well; then providers has an entry or more, the default first; origins is empty for any; routes are those that were worked out
 */

const idPattern = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const buildPattern = /^[\w.-]+$/;
const headerPattern = /^[a-z0-9-]+$/;

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
  const settings = /** @type {any} */ (problem ? {} : env.SETTINGS);
  return Object.freeze({
    problem,
    build: isBuild(env.BUILD) ? env.BUILD : "unknown",
    version: String(env.VERSION ?? ""),
    providers: Object.freeze(problem ? [] : /** @type {Provider[]} */ (env.PROVIDERS).map((p) => Object.freeze({ ...p }))),
    managed: settings.managed === true,
    page: settings.page === true,
    origins: Object.freeze([...(settings.origins ?? [])]),
    env,
    routes: new Map(),
  });
}

/**
 * @param {Env} env
 * @returns {string} what is wrong, if anything
 */
function problemOf({ PROVIDERS, SETTINGS, BUILD, VERSION }) {
  if (!isBuild(BUILD)) {
    return "the binding BUILD is missing or malformed";
  }
  if (typeof VERSION !== "string" || VERSION === "") {
    return "the binding VERSION is missing";
  }
  if (!isSettings(SETTINGS)) {
    return "the binding SETTINGS is missing or malformed";
  }
  if (!Array.isArray(PROVIDERS) || PROVIDERS.length === 0) {
    return "the binding PROVIDERS is missing, empty or not a list";
  }
  const bad = PROVIDERS.findIndex((p) => !isProvider(p));
  if (bad >= 0) {
    return `entry ${bad + 1} of the binding PROVIDERS needs an id, an https origin and the name of a header`;
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
 * managed must be said either way: a relay that guesses could give the owner's
 * keys away.
 * @param {any} s
 * @returns {boolean}
 */
function isSettings(s) {
  return typeof s?.managed === "boolean" && typeof s.page === "boolean" &&
    (s.origins === null || Array.isArray(s.origins) && s.origins.every((/** @type {unknown} */ o) => typeof o === "string"));
}

/**
 * Only https origins: callers' keys travel there.
 * @param {any} p
 * @returns {boolean}
 */
function isProvider(p) {
  if (typeof p?.id !== "string" || typeof p.origin !== "string" || typeof p.auth !== "string") {
    return false;
  }
  const url = URL.parse(p.origin);
  return idPattern.test(p.id) && headerPattern.test(p.auth) && url !== null && url.protocol === "https:" && url.origin === p.origin;
}
