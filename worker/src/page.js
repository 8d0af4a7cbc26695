// @ts-check
// The web page at "/".

import { originOf } from "./cors.js";
import { errorResponse } from "./error.js";
import { pageDocument } from "./page-document.js";

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
  const zh = prefersChinese(url.searchParams.get("lang") ?? request.headers.get("accept-language") ?? "");
  const nonce = crypto.randomUUID();
  const page = pageDocument({ host: url.host, version, managed, providers, nonce, zh, t: (english, chinese) => zh ? chinese : english });
  return new Response(page.markup, {
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

/**
 * @param {string} languages in the form of Accept-Language: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4
 * @returns {boolean} whether Chinese is preferred to English
 */
function prefersChinese(languages) {
  const [preferred] = languages.split(",")
    .map((part) => part.trim().split(/\s*;\s*q=/))
    .filter(([tag, q]) => /^(zh|en)\b/i.test(tag) && Number(q) !== 0)
    .sort(([, a = 1], [, b = 1]) => Number(b) - Number(a));
  return /^zh/i.test(preferred?.[0]);
}
