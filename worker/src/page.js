// @ts-check
// The web page at "/". Its template has {{name}} for a value, {{English|Chinese}} for a text and {{#list}}…{{/list}} for a
// part that is repeated for each entry.

import { originOf } from "./cors.js";
import { errorResponse } from "./error.js";
import html from "./page.html";

/**
 * @param {string} template
 * @param {Record<string, any>} values strings, booleans, or lists of such records
 * @returns {string} HTML, with the values escaped
 */
function render(template, values) {
  return template.replace(/{{#(\w+)}}(.*?){{\/\1}}/gs, (_, name, part) =>
    [values[name] || []].flat().map((entry) => render(part, { ...values, ...entry })).join(""),
  ).replace(/{{([^{}|]+)(?:\|([^{}]+))?}}/g, (_, name, chinese) =>
    chinese ? values.zh ? chinese : name : values[name].replace(/[&<>"{}]/g, (/** @type {string} */ c) => `&#${c.charCodeAt(0)};`));
}

/**
 * @param {Request} request
 * @param {import("./config.js").Config} config
 * @returns {Response} independent of the providers if the relay is managed
 */
export function pageResponse(request, config) {
  const { build, version, managed, providers } = config;
  const url = URL.parse(request.url);
  if (url === null) {
    return errorResponse(originOf(request), config, { status: 400, code: "bad_path", message: "the Host header is malformed" });
  }
  const [preferred] = (url.searchParams.get("lang") ?? request.headers.get("accept-language") ?? "").split(",")
    .map((part) => part.trim().split(/\s*;\s*q=/))
    .filter(([tag, q]) => /^(zh|en)\b/i.test(tag) && Number(q) !== 0)
    .sort(([, a = 1], [, b = 1]) => Number(b) - Number(a));
  const zh = /^zh/i.test(preferred?.[0]);
  const nonce = crypto.randomUUID();
  const shown = managed ? [{ id: "", name: "Base URL", base: "", dialect: "openai", auth: "", model: undefined }] : providers;
  const cards = shown.map(({ id, name, base, dialect, auth, model = "MODEL" }, i) => {
    const baseURL = `https://${url.host}${i ? `/${id}` : ""}${base}`;
    return {
      id, name, url: baseURL, auth, model, open: i ? "" : "open", short: baseURL.replace(/\/v1$/, ""),
      v1: managed || dialect !== "openai" || base.endsWith("/v1"),
      [dialect]: true, apps: dialect !== "cohere", chat: dialect !== "google", bearer: auth === "authorization",
    };
  });
  return new Response(render(html, { zh, lang: zh ? "zh-CN" : "en", other: zh ? "en" : "zh", host: url.host, nonce, version, managed, own: !managed, cards }), {
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
