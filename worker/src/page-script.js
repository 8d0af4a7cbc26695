// @ts-check
// The script of the page: health, copy buttons, and the form to try a provider.

import { html } from "./html.js";

/**
 * @param {import("./page-document.js").Translate} t
 * @returns {import("./html.js").HTML} JavaScript
 */
export const pageScript = (t) => html`fetch("/-/health").then((response) => response.ok ? response.json() : Promise.reject()).then(({ colo }) => {
  health.textContent = "${t("Running", "运行正常")}" + (colo ? " · " + colo : "");
}).catch(() => {
  health.className = "down";
  health.textContent = "${t("Not answering", "没有响应")}";
});

onclick = async ({ target }) => {
  if (target.type === "button") {
    await navigator.clipboard.writeText(target.parentNode.querySelector("code").textContent);
    target.textContent = "${t("Copied", "已复制")}";
    setTimeout(() => target.textContent = "${t("Copy", "复制")}", 2000);
  }
};

// Keep the opened card visible when one above it closes.
addEventListener("toggle", ({ target }) => target.open && target.firstChild.scrollIntoView({ block: "nearest" }), true);

// Providers put the message of an error in one of three fields.
const errorMessage = (text) => JSON.parse(/"(?:message|error|detail)":\s*("(?:\\.|[^"\\])*")/.exec(text)?.[1] ?? JSON.stringify(text));

// Sends the curl example of the same card, with the visitor's values.
const sendExample = async ({ model, key, message, output, parentNode }, signal) => {
  const [head, example] = parentNode.parentNode.querySelector("code").textContent.split("'");
  const [url, ...headers] = head.replace("YOUR_KEY", key.value).split('"').filter((_, i) => i % 2);
  const body = JSON.parse(example, (name, value) => ({ model, text: message, content: message })[name]?.value ?? value);
  const response = await fetch(url, { method: "POST", headers: headers.map((header) => header.split(": ")), body: JSON.stringify(body), signal });
  if (!response.ok || /json|html/.test(response.headers.get("content-type"))) {
    throw response.status + " · " + errorMessage(await response.text());
  }
  const state = { rest: "", failed: false };
  await response.body.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write(text) {
    const lines = (state.rest + text).split("\n");
    state.rest = lines.pop();
    for (const line of lines) {
      state.failed ||= /^event: ?error/.test(line);
      const data = line.startsWith("data:") ? line.slice(5).trim() : "";
      const { choices, candidates, delta, error } = data.startsWith("{") ? JSON.parse(data) : {};
      if (data && state.failed || error || delta?.error) {
        throw errorMessage(data);
      }
      output.append(choices?.[0]?.delta?.content ?? candidates?.[0]?.content?.parts?.[0]?.text ?? delta?.text ??
        delta?.message?.content?.text ?? "");
    }
  } }));
};

onsubmit = async (event) => {
  event.preventDefault();
  const { target } = event;
  const { output, send } = target;
  if (target.stop) {
    return target.stop.abort();
  }
  const { signal } = target.stop = new AbortController();
  send.textContent = "${t("Stop", "停止")}";
  output.textContent = "";
  await sendExample(target, signal).catch((error) => {
    if (!signal.aborted) {
      const message = document.createElement("em");
      message.textContent = "${t("Error: ", "错误：")}" + (error.message ?? error);
      output.append(message);
    }
  });
  target.stop = null;
  send.textContent = "${t("Send", "发送")}";
};`;
