// @ts-check
// What the tests of the modules have in common. They run by TestUnits.

/** @typedef {import("../../src/config.js").Config} Config */

/**
 * @param {unknown} got
 * @param {unknown} want the same as JSON
 * @param {unknown} [about] what was tried
 */
export function equal(got, want, about = "") {
  const [g, w] = [JSON.stringify(got), JSON.stringify(want)];
  if (g !== w) {
    throw new Error(`${about}: got ${g}, want ${w}`);
  }
}

/**
 * @param {() => void | Promise<void>} body
 * @returns {{ test: () => void | Promise<void> }} what "workerd test" looks for among exports
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
 * @param {Partial<Config>} [part]
 * @returns {Config}
 */
export function config(part = {}) {
  return {
    problem: "", build: "b", version: "v1", providers: [provider("first"), provider("second")],
    managed: false, page: false, origins: [], env: {}, routes: new Map(), ...part,
  };
}

/**
 * @param {Record<string, string>} [headers]
 * @param {string} [method]
 * @param {string} [url]
 * @returns {Request}
 */
export function asked(headers = {}, method = "GET", url = "https://relay.example/v1/x") {
  return new Request(url, { method, headers });
}

/**
 * @param {Headers} headers
 * @returns {Record<string, string>}
 */
export function plain(headers) {
  return Object.fromEntries(headers);
}
