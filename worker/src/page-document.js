// @ts-check
// The HTML document of the page.

import { html } from "./html.js";
import { providerCard } from "./page-card.js";
import { pageScript } from "./page-script.js";

/**
 * @typedef {import("./config.js").Provider} Provider
 * @typedef {(english: string, chinese: string) => string} Translate
 * @typedef {Readonly<{
 *   host: string, version: string, managed: boolean, providers: readonly Provider[], nonce: string, zh: boolean, t: Translate,
 * }>} Page
 */

/**
 * If the relay is managed, one card is for all providers.
 * @type {readonly Pick<Provider, "id" | "name" | "base" | "dialect" | "auth" | "model">[]}
 */
const managedCards = [{ id: "", name: "Base URL", base: "", dialect: "openai", auth: "" }];

/**
 * @param {Translate} t
 * @returns {import("./html.js").HTML} CSS
 */
const pageStyle = (t) => html`:root { color-scheme: light dark; background: radial-gradient(60rem 30rem at top, #f6821f33, #0000) no-repeat }
body { font: 1rem/1.6 system-ui; max-width: 48rem; margin: auto; padding: 1.25rem }
header, form, .tabs { display: flex; flex-wrap: wrap; gap: .75rem; justify-content: space-between }
h1 { font-size: clamp(1.5rem, 7vw, 3.5rem); line-height: 1.1; letter-spacing: -.04em; margin: 4rem 0 1rem }
p, summary code { opacity: .75 }
code, pre { font: .875rem/1.6 ui-monospace, monospace }
h1, summary { overflow-wrap: anywhere }
a, button, input, textarea { font: inherit; color: inherit }
article, pre, output, button, input, textarea { box-sizing: border-box; background: #8881; border: 1px solid #8884; border-radius: .75rem; padding: .5rem 1rem }
article, .tabs > label { position: relative }
article { margin: .75rem 0; padding: .75rem 1rem 1rem }
summary { list-style: none; padding-right: 5rem }
summary::-webkit-details-marker { display: none }
summary b::after { content: " ▾" }
[open] b::after { content: " ▴" }
summary code { display: block }
summary, button, [type=radio] { cursor: pointer }
[type=button] { min-width: 4rem; padding: .25rem; font: .875rem/1.6 system-ui }
article > button { position: absolute; top: 1.25rem; right: 1rem }
pre button { float: right; margin: -.35rem 0 .35rem 1rem }
.tabs { justify-content: left; gap: .375rem; margin-top: .75rem }
.tabs > label { padding: .25rem clamp(.5rem, 2vw, 1rem); font-size: .875rem }
[type=radio] { position: absolute; inset: 0; margin: 0; appearance: none }
.tabs div { order: 1; width: 100%; margin-top: .375rem }
.tabs > :not(:has(:checked)) + div { display: none }
.tabs p { margin: .5rem 0 }
pre { margin: 0; padding: 1rem }
form label { flex: 1 12rem }
.wide, output, [name=send], form label * { width: 100%; flex: none }
pre, output { white-space: pre-wrap; overflow-wrap: anywhere }
output { min-height: 6rem }
output:empty::before { content: "${t("The answer appears here.", "回答会显示在这里。")}"; opacity: .75 }
em { display: block; font-style: normal; color: light-dark(#b3001b, #ff9d9d) }
:checked { background: #f6821f33; border-color: #f6821f }
[name=send] { background: CanvasText; color: Canvas }
#health:not(:empty)::before { content: "● "; color: #30a46c }
#health.down::before { color: #e5484d }
footer { font-size: .875rem; opacity: .75 }`;

/**
 * @param {Page} page
 * @returns {import("./html.js").HTML}
 */
export function pageDocument(page) {
  const { host, version, managed, providers, nonce, zh, t } = page;
  const cards = managed ? managedCards : providers;
  return html`<!doctype html>
<html lang="${zh ? "zh-CN" : "en"}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${host}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">
${pageStyle(t)}
</style>
<noscript><style nonce="${nonce}">button, form { display: none }</style></noscript>
<header><span id="health" role="status"></span><a href="/?lang=${zh ? "en" : "zh"}" lang="${zh ? "en" : "zh"}">${t("中文", "English")}</a></header>
<h1>${host}</h1>
<p>${t("A relay for LLM APIs, run by the owner of this domain on Cloudflare Workers. Set the base URL of your program to the address below. ", "这是站长在自己的域名和 Cloudflare Workers 上搭建的大模型 API 中转。把程序的 Base URL 设为下面的地址即可，")}${managed ? t("As the API key, use a token (cfp_…) from the owner.", "API 密钥填写站长发给您的令牌（cfp_…）。") : t("Your API key stays the same.", "API 密钥不变。")}</p>
${cards.map((provider, i) => providerCard(page, provider, i))}
<footer>${!managed && t("Your key stays in this page's memory. ", "密钥只保存在本页的内存中。")}${t("The provider's terms apply.", "请遵守服务商的条款。")} · cfproxy ${version}</footer>
<script nonce="${nonce}">
${pageScript(t)}
</script>
`;
}
