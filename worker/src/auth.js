// @ts-check
// Access control of a managed relay: callers authenticate with a token that the owner issued.

import { errorResponse } from "./error.js";
import { findToken, isMalformed } from "./tokens.js";

/**
 * @typedef {import("./config.js").Config} Config
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {import("./error.js").RelayError} RelayError
 * @typedef {import("./tokens.js").Token} Token
 */

/** @satisfies {Record<string, RelayError>} */
const errors = {
  missing: { status: 401, code: "token_missing", message: "this relay takes tokens of its owner, which begin with cfp_, in place of a provider's key: ask its owner for one" },
  unknown: { status: 401, code: "token_unknown", message: "this token is unknown here or was revoked: ask the owner of this relay for a new one" },
  expired: { status: 401, code: "token_expired", message: "this token has expired: ask the owner of this relay for a new one" },
  provider: { status: 403, code: "token_provider", message: "this token is not for this provider: ask the owner of this relay" },
  rate: { status: 429, code: "token_rate", message: "this token has used up its requests of this minute: wait a minute" },
  malformed: { status: 500, code: "bad_config", message: "this relay is not set up correctly: its list of tokens is malformed; its owner must deploy it again" },
  noLimiter: { status: 500, code: "bad_config", message: "this relay is not set up correctly: it cannot count the requests of this token; its owner must deploy it again" },
};

/**
 * Authorizes a request to a managed relay.
 * @param {string | null} credential the token in the request, if any
 * @param {string | null} origin the request's Origin header
 * @param {Provider} provider
 * @param {Config} config
 * @returns {Promise<Response | null>} an error response, or null if the request is allowed
 */
export async function authorize(credential, origin, provider, config) {
  const error = await checkToken(credential, provider, config);
  return error === null ? null : errorResponse(origin, config, error, provider.dialect);
}

/**
 * @param {string | null} credential
 * @param {Provider} provider
 * @param {Config} config
 * @returns {Promise<RelayError | null>}
 */
async function checkToken(credential, provider, config) {
  if (isMalformed) {
    return errors.malformed;
  }
  if (credential === null) {
    return errors.missing;
  }
  const token = await findToken(credential);
  if (token === undefined) {
    return errors.unknown;
  }
  if (token.expires && token.expires * 1000 <= Date.now()) {
    return errors.expired;
  }
  if (token.providers?.length && !token.providers.includes(provider.id)) {
    return errors.provider;
  }
  return token.rpm ? checkRate(token, config.env[`RPM_${token.rpm}`]) : null;
}

/**
 * Fails closed: without a working rate limiter the request is rejected.
 * @param {Token} token
 * @param {any} limiter the rate limit binding, if it exists
 * @returns {Promise<RelayError | null>}
 */
async function checkRate(token, limiter) {
  try {
    return (await limiter.limit({ key: token.sha256 })).success ? null : errors.rate;
  } catch {
    return errors.noLimiter;
  }
}
