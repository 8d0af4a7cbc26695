// @ts-check
// Addresses in an answer, by which the caller goes on.

// Redirects and things created, Azure's jobs, and Google's uploads:
// https://learn.microsoft.com/azure/ai-services/openai/reference
// https://ai.google.dev/gemini-api/docs/files
const pointers = ["location", "operation-location", "x-goog-upload-url"];

/**
 * Turns addresses at the provider's origin into those of the relay, as reverse
 * proxies do: the caller may not reach the provider itself, and a path alone
 * would lead to the provider that answers at the root, with another one's key.
 * @param {Headers} headers of the answer under way to the caller
 * @param {import("./forward.js").Upstream} upstream
 */
export function pointBack(headers, { provider, relay, prefix }) {
  for (const name of pointers) {
    const to = headers.get(name);
    if (to?.startsWith(`${provider.origin}/`)) {
      headers.set(name, relay + prefix + to.slice(provider.origin.length));
    } else if (to?.startsWith("/") && !to.startsWith("//")) {
      headers.set(name, prefix + to);
    }
  }
}
