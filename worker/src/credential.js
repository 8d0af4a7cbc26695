// @ts-check
// Where SDKs put a key, and how the caller's is exchanged for the owner's.

/** @typedef {import("./config.js").Provider} Provider */

const carriers = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];
const keyParameters = ["key", "api-key"];
const prefix = "cfp_";

// How a browser's WebSocket, which can set no header, brings a key:
// https://platform.openai.com/docs/guides/realtime-websocket
const protocolPrefix = "openai-insecure-api-key.";

/**
 * @param {Headers} headers
 * @param {string} url
 * @returns {string | null} the token that a request bears, wherever it stands
 */
export function tokenOf(headers, url) {
  for (const name of carriers) {
    const value = headers.get(name)?.replace(/^bearer\s+/i, "");
    if (value?.startsWith(prefix)) {
      return value;
    }
  }
  const offered = headers.get("sec-websocket-protocol")?.split(",").map((p) => p.trim());
  return offered?.find((p) => p.startsWith(protocolPrefix + prefix))?.slice(protocolPrefix.length) ??
    (url.includes("key=") ? inQuery(url) : null);
}

/**
 * @param {string} url
 * @returns {string | null} the token in a parameter by which Google or Azure take keys
 */
function inQuery(url) {
  const parameters = URL.parse(url)?.searchParams;
  const found = keyParameters.flatMap((name) => parameters?.getAll(name) ?? []);
  return found.find((value) => value.startsWith(prefix)) ?? null;
}

/**
 * @param {Headers} headers of the request under way to the upstream
 * @param {Provider} provider
 * @param {string} key the owner's
 */
export function exchange(headers, provider, key) {
  dropCredentials(headers);
  headers.set(provider.auth, provider.auth === "authorization" ? `Bearer ${key}` : key);
}

/** @param {Headers} headers */
function dropCredentials(headers) {
  carriers.forEach((name) => headers.delete(name));
  const offered = headers.get("sec-websocket-protocol");
  if (offered?.includes(protocolPrefix)) {
    const rest = offered.split(",").map((p) => p.trim()).filter((p) => !p.startsWith(protocolPrefix));
    if (rest.length > 0) {
      headers.set("sec-websocket-protocol", rest.join(", "));
    } else {
      headers.delete("sec-websocket-protocol");
    }
  }
}

/**
 * @param {string} url without a fragment
 * @returns {string} without any key in the query; all else stays as it was written
 */
export function withoutKey(url) {
  const mark = url.indexOf("?");
  if (mark < 0) {
    return url;
  }
  const parameters = url.slice(mark + 1).split("&");
  const kept = parameters.filter((p) => !isKey(p));
  if (kept.length === parameters.length) {
    return url;
  }
  return kept.length === 0 ? url.slice(0, mark) : url.slice(0, mark + 1) + kept.join("&");
}

/**
 * @param {string} parameter of a query, as it was written
 * @returns {boolean} whether the provider would read it as the key, in whatever way its name is encoded
 */
function isKey(parameter) {
  const [name] = parameter.split("=", 1);
  // The ampersand keeps a question mark in the name from being taken for the query's own.
  return keyParameters.includes(name) || name.includes("%") && keyParameters.some((key) => new URLSearchParams(`&${name}`).has(key));
}
