// @ts-check
// The tokens that the owner handed out. Of each, only the digest is here.

import text from "./tokens.txt";

/** @typedef {{ name: string, sha256: string, expires?: number, providers?: string[], rpm?: number }} Token */

const encoder = new TextEncoder();
/** @type {any} newer than what type checkers know: https://github.com/tc39/proposal-arraybuffer-base64 */
const bytes = Uint8Array;
const digestPattern = /^[0-9a-f]{64}$/;

/**
 * Tokens by the first 32 bits of their digest, so that 500 are found as fast as
 * one; null where the list is malformed.
 * What is looked up is a digest: the time it takes tells nothing of the token.
 */
const tokens = index(parse());

/** Whether the list says nothing that could be relied upon; then nobody may pass. */
export const isSpoilt = tokens === null;

/** @returns {unknown} */
function parse() {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * One entry that is malformed spoils the list: it may be a limit that was meant.
 * @param {unknown} list
 * @returns {Map<number, Token[]> | null}
 */
function index(list) {
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
  return typeof t?.sha256 === "string" && digestPattern.test(t.sha256) && isCount(t.expires) && isCount(t.rpm) &&
    (t.providers === undefined || Array.isArray(t.providers) && t.providers.every((/** @type {unknown} */ p) => typeof p === "string"));
}

/**
 * @param {unknown} n
 * @returns {boolean} whether it is a whole number, or left out
 */
function isCount(n) {
  return n === undefined || Number.isSafeInteger(n) && Number(n) >= 0;
}

/**
 * @param {string} token
 * @returns {Promise<Token | undefined>} what the owner said of it
 */
export function find(token) {
  return crypto.subtle.digest("SHA-256", encoder.encode(token)).then((digest) =>
    tokens?.get(new DataView(digest).getUint32(0))?.find((t) => crypto.subtle.timingSafeEqual(bytes.fromHex(t.sha256), digest)));
}
