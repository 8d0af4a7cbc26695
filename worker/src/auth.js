// @ts-check
// Who may use a managed relay: the holder of a token that the owner handed out.
// The token leaves here; the owner's key takes its place.

import { fail } from "./error.js";
import { find, isSpoilt } from "./tokens.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {import("./error.js").Failure} Failure
 * @typedef {import("./tokens.js").Token} Token
 */

/** @type {Record<string, Failure>} */
const refusals = {
  missing: { status: 401, code: "token_missing", message: "this relay takes tokens of its owner, which begin with cfp_, in place of a provider's key: ask its owner for one" },
  unknown: { status: 401, code: "token_unknown", message: "this token is unknown here or was revoked: ask the owner of this relay for a new one" },
  expired: { status: 401, code: "token_expired", message: "this token has expired: ask the owner of this relay for a new one" },
  provider: { status: 403, code: "token_provider", message: "this token is not for this provider: ask the owner of this relay" },
  rate: { status: 429, code: "token_rate", message: "this token has used up its requests of this minute: wait a minute" },
  spoilt: { status: 500, code: "bad_config", message: "this relay is not set up correctly: its list of tokens is malformed; its owner must deploy it again" },
  uncounted: { status: 500, code: "bad_config", message: "this relay is not set up correctly: it cannot count the requests of this token; its owner must deploy it again" },
};

/**
 * @param {string | null} presented what the request bears as its credential
 * @param {string | null} origin of the page that asks, if one does
 * @param {Provider} provider
 * @param {Config} config
 * @returns {Promise<Response | null>} a refusal, or null for a caller who may pass
 */
export async function refuse(presented, origin, provider, config) {
  const why = await reason(presented, provider, config);
  return why === "" ? null : fail(origin, config, refusals[why], provider.dialect);
}

/**
 * @param {string | null} presented
 * @param {Provider} provider
 * @param {Config} config
 * @returns {Promise<string>} the refusal that is due, or ""
 */
async function reason(presented, provider, config) {
  if (isSpoilt) {
    return "spoilt";
  }
  if (presented === null) {
    return "missing";
  }
  const token = await find(presented);
  if (token === undefined) {
    return "unknown";
  }
  if (token.expires && token.expires * 1000 <= Date.now()) {
    return "expired";
  }
  if (token.providers?.length && !token.providers.includes(provider.id)) {
    return "provider";
  }
  return token.rpm ? count(token, config.env[`RPM_${token.rpm}`]) : "";
}

/**
 * @param {Token} token
 * @param {any} limiter the binding that counts, if it is there
 * @returns {Promise<string>} the refusal that is due, or ""
 */
async function count(token, limiter) {
  try {
    return (await limiter.limit({ key: token.sha256 })).success ? "" : "rate";
  } catch {
    return "uncounted"; // a limit that does not work is no reason to do without it
  }
}
