// @ts-check
// The page has one card per provider. Each card has tabs; the last tab is the form to try the provider.

/** @typedef {import("./setup.js").Page} Page */

export const card = (/** @type {Page} */ page, /** @type {number} */ i) => page.locator("article").nth(i);

export const output = (/** @type {Page} */ page, /** @type {number} */ i) => card(page, i).locator("output");

export const openForm = (/** @type {Page} */ page, /** @type {number} */ i) => card(page, i).locator("[type=radio]").last().click();

/**
 * @param {Page} page
 * @param {number} i
 * @param {string} key
 * @param {string} [message]
 */
export async function submit(page, i, key, message = "Hello!") {
  const form = card(page, i).locator("form");
  await form.locator("[name=key]").fill(key);
  await form.locator("[name=message]").fill(message);
  await form.locator("[name=send]").click();
}
