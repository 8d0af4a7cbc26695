// @ts-check

import { readConfig } from "../../src/config.js";
import { equal, provider, test } from "./check.js";

const valid = { BUILD: "0a", VERSION: "v1", SETTINGS: { managed: false, page: true, origins: null }, PROVIDERS: [provider("a"), provider("b")] };

export const validBindingsAreReadOnceAndFrozen = test(() => {
  const env = { ...valid };
  const config = readConfig(env);
  equal(config.problem, "");
  equal([config.build, config.version, config.managed, config.page, config.origins], ["0a", "v1", false, true, []]);
  equal(config.providers.map((p) => p.id), ["a", "b"]);
  equal(readConfig(env) === config, true, "the second read");
  equal(readConfig({ ...valid }) === config, false, "another env");
  equal([config, config.providers, config.providers[0], config.origins].every(Object.isFrozen), true, "frozen");
});

export const problemsNameTheBinding = test(() => {
  for (const [bindings, want] of /** @type {[object, string][]} */ ([
    [{ BUILD: undefined }, "BUILD"], [{ BUILD: "a b" }, "BUILD"], [{ BUILD: "é" }, "BUILD"], [{ VERSION: "" }, "VERSION"], [{ VERSION: 1 }, "VERSION"],
    [{ SETTINGS: null }, "SETTINGS"], [{ SETTINGS: "{}" }, "SETTINGS"], [{ SETTINGS: { managed: "yes", page: true, origins: null } }, "SETTINGS"],
    [{ SETTINGS: { managed: 0, page: true, origins: null } }, "SETTINGS"], [{ SETTINGS: { managed: true, page: true } }, "SETTINGS"],
    [{ SETTINGS: { managed: true, page: true, origins: "*" } }, "SETTINGS"], [{ SETTINGS: { managed: true, page: true, origins: [1] } }, "SETTINGS"],
    [{ PROVIDERS: [] }, "PROVIDERS"], [{ PROVIDERS: [provider("a"), { ...provider("b"), auth: "X-Api-Key" }] }, "entry 2"],
    [{ PROVIDERS: [{ ...provider("a"), auth: undefined }] }, "entry 1"], [{ PROVIDERS: [{ ...provider("a"), origin: "https://a.example/" }] }, "entry 1"],
    [{ PROVIDERS: [provider("a"), provider("a")] }, "twice"],
  ])) {
    const config = readConfig({ ...valid, ...bindings });
    equal(config.problem.includes(want), true, [bindings, config.problem]);
    equal([config.providers, config.managed, config.page], [[], false, false], bindings);
  }
});

export const problemsContainNoSecret = test(() => {
  const config = readConfig({ ...valid, PROVIDERS: [{ ...provider("a"), origin: "http://user:secret@a" }], KEY_a: "sk-secret" });
  equal(config.problem === "" || config.problem.includes("secret"), false, config.problem);
});
