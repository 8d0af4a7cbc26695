// @ts-check
// The page for people at "/". In its markup {{name}} stands for a value,
// {{English|Chinese}} for words, {{#list}}…{{/list}} for each entry's part.

import { originOf } from "./cors.js";
import { fail } from "./error.js";
import html from "./page.html";

/**
 * @param {string} text
 * @param {Record<string, any>} values strings, lists of the like, or true
 * @returns {string} values are escaped
 */
function fill(text, values) {
  return text.replace(/{{#(\w+)}}(.*?){{\/\1}}/gs, (_, name, part) =>
    [values[name] || []].flat().map((entry) => fill(part, { ...values, ...entry })).join(""),
  ).replace(/{{([^{}|]+)(?:\|([^{}]+))?}}/g, (_, name, chinese) =>
    chinese ? values.zh ? chinese : name : values[name].replace(/[&<>"{}]/g, (/** @type {string} */ c) => `&#${c.charCodeAt(0)};`));
}

/**
 * @param {Request} request
 * @param {import("./config.js").Config} config
 * @returns {Response} tells nothing of the providers where access is managed
 */
export function page(request, config) {
  const { build, version, managed, providers } = config;
  const at = URL.parse(request.url);
  if (at === null) {
    return fail(originOf(request), config, { status: 400, code: "bad_path", message: "the Host header is malformed" });
  }
  const [best] = (at.searchParams.get("lang") ?? request.headers.get("accept-language") ?? "").split(",")
    .map((part) => part.trim().split(/\s*;\s*q=/))
    .filter(([tag, q]) => /^(zh|en)\b/i.test(tag) && Number(q) !== 0)
    .sort(([, a = 1], [, b = 1]) => Number(b) - Number(a));
  const zh = /^zh/i.test(best?.[0]);
  const nonce = crypto.randomUUID();
  const listed = managed ? [{ id: "", name: "Base URL", base: "", dialect: "openai", auth: "", model: undefined }] : providers;
  const cards = listed.map(({ id, name, base, dialect, auth, model = "MODEL" }, i) => {
    const url = `https://${at.host}${i ? `/${id}` : ""}${base}`;
    return {
      id, name, url, auth, model, open: i ? "" : "open", short: url.replace(/\/v1$/, ""),
      v1: managed || dialect !== "openai" || base.endsWith("/v1"),
      [dialect]: true, apps: dialect !== "cohere", chat: dialect !== "google", bearer: auth === "authorization",
    };
  });
  return new Response(fill(html, { zh, lang: zh ? "zh-CN" : "en", other: zh ? "en" : "zh", host: at.host, nonce, version, managed, own: !managed, cards }), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "x-robots-tag": "noindex",
      "cache-control": "no-store",
      "vary": "accept-language",
      "x-cfproxy": build,
    },
  });
}
