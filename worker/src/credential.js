// @ts-check
// Where clients put a key, and how the caller's token is replaced by the owner's key.

/** @typedef {import("./config.js").Provider} Provider */

const credentialHeaders = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];
const keyParams = ["key", "api-key"]; // Google's and Azure's
const tokenPrefix = "cfp_";

// Browsers cannot set headers on a WebSocket, so they send the key as a subprotocol:
// https://platform.openai.com/docs/guides/realtime-websocket
const keyProtocolPrefix = "openai-insecure-api-key.";

/**
 * @param {Headers} headers
 * @param {string} url
 * @returns {string | null} the cfproxy token in a request: in a header, a WebSocket subprotocol or the query
 */
export function readToken(headers, url) {
  for (const name of credentialHeaders) {
    const value = headers.get(name)?.replace(/^bearer\s+/i, "");
    if (value?.startsWith(tokenPrefix)) {
      return value;
    }
  }
  const protocols = headers.get("sec-websocket-protocol")?.split(",").map((p) => p.trim());
  return protocols?.find((p) => p.startsWith(keyProtocolPrefix + tokenPrefix))?.slice(keyProtocolPrefix.length) ??
    (url.includes("key=") ? queryToken(url) : null);
}

/**
 * @param {string} url
 * @returns {string | null} the token in a key parameter
 */
function queryToken(url) {
  const params = URL.parse(url)?.searchParams;
  const values = keyParams.flatMap((name) => params?.getAll(name) ?? []);
  return values.find((value) => value.startsWith(tokenPrefix)) ?? null;
}

/**
 * Removes every credential of the caller's and sets the owner's key.
 * @param {Headers} headers of the upstream request
 * @param {Provider} provider
 * @param {string} key
 */
export function replaceCredential(headers, provider, key) {
  deleteCredentials(headers);
  headers.set(provider.auth, provider.auth === "authorization" ? `Bearer ${key}` : key);
}

/** @param {Headers} headers */
function deleteCredentials(headers) {
  credentialHeaders.forEach((name) => headers.delete(name));
  const protocols = headers.get("sec-websocket-protocol");
  if (protocols?.includes(keyProtocolPrefix)) {
    const others = protocols.split(",").map((p) => p.trim()).filter((p) => !p.startsWith(keyProtocolPrefix));
    if (others.length > 0) {
      headers.set("sec-websocket-protocol", others.join(", "));
    } else {
      headers.delete("sec-websocket-protocol");
    }
  }
}

/**
 * @param {string} url without a fragment
 * @returns {string} the URL without key parameters. The rest is unchanged, byte for byte.
 */
export function stripKeyParams(url) {
  const queryStart = url.indexOf("?");
  if (queryStart < 0) {
    return url;
  }
  const params = url.slice(queryStart + 1).split("&");
  const others = params.filter((p) => !isKeyParam(p));
  if (others.length === params.length) {
    return url;
  }
  return others.length === 0 ? url.slice(0, queryStart) : url.slice(0, queryStart + 1) + others.join("&");
}

/**
 * @param {string} param a query parameter, undecoded
 * @returns {boolean} whether a provider would read it as the key, however its name is encoded
 */
function isKeyParam(param) {
  const [name] = param.split("=", 1);
  // The ampersand is there because URLSearchParams drops a leading question mark.
  return keyParams.includes(name) || name.includes("%") && keyParams.some((key) => new URLSearchParams(`&${name}`).has(key));
}
