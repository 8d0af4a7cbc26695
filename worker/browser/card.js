// The page's parts: one card a provider, each with tabs, the last of which is
// the form to try it.

export const card = (page, at) => page.locator("article").nth(at);

export const output = (page, at) => card(page, at).locator("output");

export const openTry = (page, at) => card(page, at).locator("[type=radio]").last().click();

export async function send(page, at, key, message = "Hello!") {
  const form = card(page, at).locator("form");
  await form.locator("[name=key]").fill(key);
  await form.locator("[name=message]").fill(message);
  await form.locator("[name=send]").click();
}
