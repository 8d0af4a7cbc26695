// @ts-check
// Who may use a managed relay: the holder of a token that the owner handed out.
// The token leaves here; the owner's key takes its place.

import { fail } from "./error.js";
import text from "./tokens.txt";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {import("./error.js").Failure} Failure
 * @typedef {{ name: string, sha256: string, expires?: number, providers?: string[], rpm?: number }} Token
 * @typedef {{ token: Token, digest: Uint8Array }} Entry
 */

/** @type {Record<string, Failure>} */
const refusals = {
  missing: { status: 401, code: "token_missing", message: "this relay takes tokens of its owner, which begin with cfp_, in place of a provider's key: ask its owner for one" },
  unknown: { status: 401, code: "token_unknown", message: "this token is unknown here or was revoked: ask the owner of this relay for a new one" },
  expired: { status: 401, code: "token_expired", message: "this token has expired: ask the owner of this relay for a new one" },
  provider: { status: 403, code: "token_provider", message: "this token is not for this provider: ask the owner of this relay" },
  rate: { status: 429, code: "token_rate", message: "this token has used up its requests of this minute: wait a minute" },
};

/**
 * Tokens by the first 32 bits of their digest, so that 500 are found as fast as one.
 * What is looked up is a digest: the time it takes tells nothing of the token.
 * @type {Map<number, Entry[]>}
 */
const tokens = new Map();

function index() {
  for (const token of /** @type {Token[]} */ (JSON.parse(text))) {
    const digest = Uint8Array.from(token.sha256.match(/../g) ?? [], (byte) => parseInt(byte, 16));
    const at = headOf(digest.buffer);
    tokens.set(at, [...(tokens.get(at) ?? []), { token, digest }]);
  }
}

/**
 * @param {ArrayBufferLike} digest
 * @returns {number}
 */
function headOf(digest) {
  return new DataView(digest).getUint32(0);
}

/**
 * @param {string} token
 * @returns {Promise<Token | undefined>}
 */
async function find(token) {
  if (tokens.size === 0) {
    index();
  }
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return tokens.get(headOf(digest))?.find((e) => crypto.subtle.timingSafeEqual(e.digest, digest))?.token;
}

/**
 * @param {Request} request
 * @param {Provider} provider
 * @param {Config} config
 * @param {string | null} presented what the request bears as its credential
 * @returns {Promise<Response | null>} a refusal, or null for a caller who may pass
 */
export async function refuse(request, provider, config, presented) {
  const why = presented === null ? "missing" : await judge(await find(presented), provider, config);
  return why === "" ? null : fail(request, config, refusals[why], provider.dialect);
}

/**
 * @param {Token | undefined} token
 * @param {Provider} provider
 * @param {Config} config
 * @returns {Promise<string>} the refusal that is due, or ""
 */
async function judge(token, provider, { env }) {
  if (token === undefined) {
    return "unknown";
  }
  if (token.expires && token.expires * 1000 <= Date.now()) {
    return "expired";
  }
  if (token.providers?.length && !token.providers.includes(provider.id)) {
    return "provider";
  }
  if (!token.rpm) {
    return "";
  }
  const limiter = /** @type {{ limit(o: { key: string }): Promise<{ success: boolean }> }} */ (env[`RPM_${token.rpm}`]);
  return (await limiter.limit({ key: token.sha256 })).success ? "" : "rate";
}
