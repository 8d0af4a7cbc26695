// @ts-check
// Response headers that hold a URL for the caller's next request.

// Redirects and created resources, Azure's long-running operations, Google's uploads:
// https://learn.microsoft.com/azure/ai-services/openai/reference
// https://ai.google.dev/gemini-api/docs/files
const locationHeaders = ["location", "operation-location", "x-goog-upload-url"];

/**
 * Rewrites URLs at the provider to URLs at the relay, as reverse proxies do: the caller may be unable to reach the
 * provider, and a bare path would lead to the default provider, with another provider's key.
 * @param {Headers} headers of the response
 * @param {import("./route.js").UpstreamRoute} route
 */
export function rewriteLocations(headers, { provider, relay, prefix }) {
  for (const name of locationHeaders) {
    const location = headers.get(name);
    if (location?.startsWith(`${provider.origin}/`)) {
      headers.set(name, relay + prefix + location.slice(provider.origin.length));
    } else if (location?.startsWith("/") && !location.startsWith("//")) {
      headers.set(name, prefix + location);
    }
  }
}
