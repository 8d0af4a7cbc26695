// @ts-check
// A card of the page: the base URL of a provider, snippets, settings for apps, and a form to try it.

import { html } from "./html.js";
import { curl, node, python } from "./page-snippets.js";

/**
 * @typedef {import("./html.js").HTML} HTML
 * @typedef {import("./page-document.js").Page} Page
 * @typedef {Pick<import("./config.js").Provider, "id" | "name" | "base" | "dialect" | "auth" | "model">} Provider
 */

/**
 * @param {Page} page
 * @param {Provider} provider
 * @param {number} index
 * @returns {HTML}
 */
export function providerCard(page, provider, index) {
  const { host, managed, t } = page;
  const { id, name, base, dialect, auth, model = "MODEL" } = provider;
  const url = `https://${host}${index ? `/${id}` : ""}${base}`;
  const target = { url, keyNote: t(`: your ${name} key`, `：您的 ${name} 密钥`), dialect, auth, model };
  return html`
<article>${copyButton(page)}<details name="card" ${index ? "" : "open"}><summary><b>${name}</b><code>${url}</code></summary>
<div class="tabs" role="radiogroup" aria-label="${name}">
${!managed && html`
<label><input type="radio" name="${id}" checked>curl</label><div>${snippet(page, curl(target))}</div>
<label><input type="radio" name="${id}">Python</label><div>${snippet(page, python(target))}</div>
<label><input type="radio" name="${id}">Node</label><div>${snippet(page, node(target))}</div>
`}
${dialect !== "cohere" && apps(page, provider, url)}
${!managed && html`
<label><input type="radio" name="${id}">${t("Try it", "试一试")}</label><div><form autocomplete="off">
<label>${t("Model", "模型")}<input name="model" value="${model}" required></label>
<label>${t("Your key", "您的密钥")}<input name="key" type="password" autocomplete="off" required></label>
<label class="wide">${t("Message", "消息")}<textarea name="message" required>Hello!</textarea></label>
<button name="send">${t("Send", "发送")}</button>
<output name="output" aria-label="${t("Answer", "回答")}"></output>
</form></div>
`}
</div></details></article>
`;
}

/**
 * The settings of apps. Some take the base URL, others append /v1 themselves.
 * @param {Page} page
 * @param {Provider} provider
 * @param {string} url
 * @returns {HTML}
 */
function apps(page, { id, base, dialect }, url) {
  const { managed, t } = page;
  const appendsV1 = managed || dialect !== "openai" || base.endsWith("/v1");
  return html`
<label><input type="radio" name="${id}" ${managed && "checked"}>${t("Apps", "应用")}</label><div><p>${t("LobeChat (API proxy URL)", "LobeChat（API 代理地址）")}${dialect === "openai" && t(", Open WebUI (URL)", "、Open WebUI（URL）")}</p>
${snippet(page, managed ? `${url}/v1` : url)}${appendsV1 && html`
<p>${t("NextChat (Endpoint), Chatbox (API Host), Cherry Studio (API Host)", "NextChat（接口地址）、Chatbox（API Host）、Cherry Studio（API 地址）")}</p>
${snippet(page, url.replace(/\/v1$/, ""))}`}</div>
`;
}

/**
 * @param {Page} page
 * @param {string | HTML} code
 * @returns {HTML} with a button that copies it
 */
const snippet = (page, code) => html`<pre>${copyButton(page)}<code>${code}</code></pre>`;

/**
 * @param {Page} page
 * @returns {HTML}
 */
const copyButton = ({ t }) => html`<button type="button">${t("Copy", "复制")}</button>`;
