// @ts-check
// The configuration, read from the bindings. A Worker with invalid bindings answers every request with an error that
// names the problem.

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
 * }>} Config problem is empty if the bindings are valid. Then providers is not empty, and the first one is the default.
 * An empty origins allows any origin.
 */

const idPattern = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const buildPattern = /^[\w.-]+$/;
const headerPattern = /^[a-z0-9-]+$/;

/**
 * Keyed by env, because Cloudflare may reuse an isolate after a deploy that changes only bindings:
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/#making-changes-to-bindings
 * @type {WeakMap<Env, Config>}
 */
const cache = new WeakMap();

/**
 * @param {Env} env
 * @returns {Config}
 */
export function readConfig(env) {
  const cached = cache.get(env);
  if (cached !== undefined) {
    return cached;
  }
  const config = parse(env);
  cache.set(env, config);
  return config;
}

/**
 * @param {Env} env
 * @returns {Config}
 */
function parse(env) {
  const problem = findProblem(env);
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
  });
}

/**
 * @param {Env} env
 * @returns {string} what is wrong with the bindings, or ""
 */
function findProblem({ PROVIDERS, SETTINGS, BUILD, VERSION }) {
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
  const invalid = PROVIDERS.findIndex((p) => !isProvider(p));
  if (invalid >= 0) {
    return `entry ${invalid + 1} of the binding PROVIDERS needs an id, an https origin and the name of a header`;
  }
  return new Set(PROVIDERS.map((p) => p.id)).size < PROVIDERS.length ? "the binding PROVIDERS names an id twice" : "";
}

/**
 * @param {unknown} build
 * @returns {build is string} whether it can be sent in a header
 */
function isBuild(build) {
  return typeof build === "string" && buildPattern.test(build);
}

/**
 * managed has no default: a wrong guess could expose the owner's keys.
 * @param {any} s
 * @returns {boolean}
 */
function isSettings(s) {
  return typeof s?.managed === "boolean" && typeof s.page === "boolean" &&
    (s.origins === null || Array.isArray(s.origins) && s.origins.every((/** @type {unknown} */ o) => typeof o === "string"));
}

/**
 * Origins must be https, because requests carry keys.
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
