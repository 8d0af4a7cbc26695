// Package binding encodes the settings, keys and tokens of a relay as bindings of a Cloudflare Worker and decodes them
// again.
//
// Plans compare and show resources as [Attrs]: flat, printable text without secrets. The functions follow one scheme:
//
//   - Format* returns the text of values that are about to be deployed.
//   - *FromBinding and *FromBindings return the same text for what the API returned of a deployed Worker.
//   - Parse* returns the values of such a text.
//
// So a relay has drifted exactly if the texts of the two sides differ. The names of the bindings are those of package
// worker, which reads them at run time. https://developers.cloudflare.com/workers/runtime-apis/bindings/
package binding
