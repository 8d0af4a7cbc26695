// @ts-check
// The tokens are those of managed_test.go.

import { refuse } from "../../src/auth.js";
import { config, equal, provider, test } from "./check.js";

const alice = "cfp_alice0123456789abcdefghijklmnop";
const expired = "cfp_expired0123456789abcdefghijklmn";
const narrow = "cfp_narrow0123456789abcdefghijklmno";
const capped = "cfp_uncapped0123456789abcdefghijklm";

/**
 * @param {string | null} token
 * @param {Record<string, unknown>} [env]
 */
async function code(token, id = "openai", env = {}) {
  const refusal = await refuse(token, null, provider(id), config({ managed: true, env }));
  return refusal && `${refusal.status} ${refusal.headers.get("x-cfproxy-error")} ${refusal.headers.get("retry-after")}`;
}

export const whoMayPass = test(async () => {
  equal(await code(alice), null);
  equal(await code("cfp_team" + "499".padStart(30, "0")), null);
  equal(await code(narrow, "anthropic"), null);
  equal(await code(narrow, "cohere"), null);
});

export const whoMayNot = test(async () => {
  equal(await code(null), "401 token_missing null");
  for (const token of ["", "cfp_", alice.slice(1), alice + " ", alice.toUpperCase(), "cfp_team" + "500".padStart(30, "0"), "\ud800"]) {
    equal(await code(token), "401 token_unknown null", token);
  }
  equal(await code(expired), "401 token_expired null");
  equal(await code(narrow, "openai"), "403 token_provider null");
  equal(await code(narrow, "anthropic-x"), "403 token_provider null");
});

export const requestsAreCountedForEachToken = test(async () => {
  /** @type {string[]} */
  const keys = [];
  const limiter = { limit: async (/** @type {{ key: string }} */ { key }) => ({ success: keys.push(key) <= 1 }) };
  equal(await code(capped, "openai", { RPM_7: limiter }), null);
  equal(await code(capped, "openai", { RPM_7: limiter }), "429 token_rate 60");
  equal([keys[0] === keys[1], /^[0-9a-f]{64}$/.test(keys[0])], [true, true], keys);
  equal(await code(alice, "openai", { RPM_7: limiter }), null);
  equal(keys.length, 2, "nobody else is counted");
});

export const whatCannotBeCountedDoesNotPass = test(async () => {
  const broken = { limit: async () => { throw new Error("out of order"); } };
  for (const limiter of [undefined, null, {}, "7", broken, { limit: async () => undefined }, { limit: async () => ({}) }]) {
    equal(await code(capped, "openai", { RPM_7: limiter }) === null, false, limiter);
  }
  equal(await code(capped, "openai", { RPM_7: broken, RPM_70: { limit: async () => ({ success: true }) } }), "500 bad_config null");
});
