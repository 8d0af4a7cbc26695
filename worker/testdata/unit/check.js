// @ts-check
// Helpers of the module tests, which TestModules runs.

/** @typedef {import("../../src/config.js").Config} Config */

/**
 * @param {unknown} got
 * @param {unknown} want compared as JSON
 * @param {unknown} [about] the input
 */
export function equal(got, want, about = "") {
  const [g, w] = [JSON.stringify(got), JSON.stringify(want)];
  if (g !== w) {
    throw new Error(`${about}: got ${g}, want ${w}`);
  }
}

/**
 * @param {() => void | Promise<void>} body
 * @returns {{ test: () => void | Promise<void> }} an export that "workerd test" runs
 */
export function test(body) {
  return { test: body };
}

/**
 * @param {string} id
 * @param {string} [dialect]
 * @param {string} [auth]
 * @returns {import("../../src/config.js").Provider}
 */
export function provider(id, dialect = "openai", auth = "authorization") {
  return { id, name: id, origin: `https://${id}.example`, base: "", dialect, auth, probe: "/probe" };
}

/**
 * @param {Partial<Config>} [overrides]
 * @returns {Config}
 */
export function config(overrides = {}) {
  return {
    problem: "", build: "b", version: "v1", providers: [provider("first"), provider("second")],
    managed: false, page: false, origins: [], env: {}, ...overrides,
  };
}

/**
 * @param {Record<string, string>} [headers]
 * @param {string} [method]
 * @param {string} [url]
 * @returns {Request}
 */
export function request(headers = {}, method = "GET", url = "https://relay.example/v1/x") {
  return new Request(url, { method, headers });
}

/**
 * @param {Headers} headers
 * @returns {Record<string, string>}
 */
export function toObject(headers) {
  return Object.fromEntries(headers);
}
