// @ts-check
// Where SDKs put a key, and how the caller's is exchanged for the owner's.

/** @typedef {import("./config.js").Provider} Provider */

const carriers = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];
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
    (url.includes("key=") ? URL.parse(url)?.searchParams.get("key") ?? null : null);
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
  for (const name of carriers) {
    headers.delete(name);
  }
  const offered = headers.get("sec-websocket-protocol");
  if (offered?.includes(protocolPrefix)) {
    const rest = offered.split(",").map((p) => p.trim()).filter((p) => !p.startsWith(protocolPrefix));
    headers.set("sec-websocket-protocol", rest.join(", "));
  }
}

/**
 * @param {string} url
 * @returns {string} without a key in the query, the rest of which stays as it was written
 */
export function withoutKey(url) {
  return url.replace(/([?&])key=[^&#]*(?:&|(?=#|$))/g, "$1").replace(/[?&](?=#|$)/, "");
}
