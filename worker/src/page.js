// @ts-check
// The page for people at "/".

import html from "./page.html";

/**
 * @param {Request} request
 * @param {import("./config.js").Config} config
 * @returns {Response}
 */
export function page(request, config) {
  return new Response(html, { headers: { "content-type": "text/html; charset=utf-8", "x-cfproxy": config.build } });
}
