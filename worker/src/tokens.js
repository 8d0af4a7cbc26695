// @ts-check
// The tokens that the owner issued. Only their digests are stored.

import text from "./tokens.txt";

/** @typedef {{ name: string, sha256: string, expires?: number, providers?: string[], rpm?: number }} Token */

const encoder = new TextEncoder();
/** @type {any} fromHex is newer than TypeScript's types: https://github.com/tc39/proposal-arraybuffer-base64 */
const bytes = Uint8Array;
const digestPattern = /^[0-9a-f]{64}$/;

/**
 * Tokens by the first 32 bits of their digest, so that the lookup time does not depend on their number; null if the list
 * is malformed. The lookup is by digest, so its timing reveals nothing about a token.
 */
const tokens = indexByDigest(parse());

/** Whether the list is malformed. Then every token is rejected. */
export const isMalformed = tokens === null;

/** @returns {unknown} */
function parse() {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * One malformed entry makes the whole list malformed, because it may be a restriction that would be lost.
 * @param {unknown} list
 * @returns {Map<number, Token[]> | null}
 */
function indexByDigest(list) {
  if (!Array.isArray(list) || !list.every(isToken)) {
    return null;
  }
  return Map.groupBy(list, (token) => parseInt(token.sha256.slice(0, 8), 16));
}

/**
 * @param {any} t
 * @returns {t is Token}
 */
function isToken(t) {
  return typeof t?.sha256 === "string" && digestPattern.test(t.sha256) && isOptionalCount(t.expires) && isOptionalCount(t.rpm) &&
    (t.providers === undefined || Array.isArray(t.providers) && t.providers.every((/** @type {unknown} */ p) => typeof p === "string"));
}

/**
 * @param {unknown} n
 * @returns {boolean} whether it is a whole number or absent
 */
function isOptionalCount(n) {
  return n === undefined || Number.isSafeInteger(n) && Number(n) >= 0;
}

/**
 * @param {string} token
 * @returns {Promise<Token | undefined>} its entry in the list
 */
export function findToken(token) {
  return crypto.subtle.digest("SHA-256", encoder.encode(token)).then((digest) =>
    tokens?.get(new DataView(digest).getUint32(0))?.find((t) => crypto.subtle.timingSafeEqual(bytes.fromHex(t.sha256), digest)));
}
