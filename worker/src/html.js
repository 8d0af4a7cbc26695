// @ts-check
// A template tag for HTML.

/** @typedef {Readonly<{ markup: string }>} HTML markup that is not escaped again */
/** @typedef {string | HTML | readonly HTML[] | false} Value false is rendered as nothing */

/**
 * Interpolated strings are escaped. Backslashes are literal, as in String.raw.
 * @param {TemplateStringsArray} strings
 * @param {Value[]} values
 * @returns {HTML}
 */
export function html({ raw }, ...values) {
  return { markup: String.raw({ raw }, ...values.map(render)) };
}

/**
 * @param {Value} value
 * @returns {string}
 */
function render(value) {
  if (typeof value === "string") {
    return value.replace(/[&<>"{}]/g, (c) => `&#${c.charCodeAt(0)};`);
  }
  return value === false ? "" : [value].flat().map(({ markup }) => markup).join("");
}
