// @ts-check

import { readToken, replaceCredential, stripKeyParams } from "../../src/credential.js";
import { equal, provider, test, toObject } from "./check.js";

export const tokensAreFoundInEveryPlace = test(() => {
  for (const [headers, url, want] of /** @type {[Record<string, string>, string, string | null][]} */ ([
    [{}, "https://a/", null],
    [{ authorization: "Bearer cfp_1" }, "https://a/", "cfp_1"],
    [{ authorization: "bEARER \t cfp_1" }, "https://a/", "cfp_1"],
    [{ authorization: "cfp_1" }, "https://a/", "cfp_1"],
    [{ authorization: "Basic cfp_1" }, "https://a/", null],
    [{ authorization: "Bearer sk-1" }, "https://a/", null],
    [{ authorization: "Bearer xcfp_1" }, "https://a/", null],
    [{ authorization: "Bearer sk-1", "api-key": "cfp_1" }, "https://a/", "cfp_1"],
    [{ "x-api-key": "cfp_1" }, "https://a/", "cfp_1"],
    [{ "x-goog-api-key": "cfp_1" }, "https://a/?key=cfp_2", "cfp_1"],
    [{ "sec-websocket-protocol": "realtime, openai-insecure-api-key.cfp_1 ,x" }, "https://a/", "cfp_1"],
    [{ "sec-websocket-protocol": "openai-insecure-api-key.sk-1" }, "https://a/", null],
    [{}, "https://a/?x=1&key=cfp_1&key=cfp_2", "cfp_1"],
    [{}, "https://a/?key=cfp%5F1", "cfp_1"],
    [{}, "https://a/?monkey=cfp_1", null],
    [{}, "https://a/key=cfp_1", null],
  ])) {
    equal(readToken(new Headers(headers), url), want, [headers, url]);
  }
});

export const theOwnersKeyReplacesEveryOther = test(() => {
  for (const [auth, want] of [["authorization", "Bearer k"], ["x-api-key", "k"], ["api-key", "k"], ["x-goog-api-key", "k"]]) {
    const headers = new Headers({ authorization: "a", "x-api-key": "b", "x-goog-api-key": "c", "api-key": "d", other: "e" });
    replaceCredential(headers, provider("p", "openai", auth), "k");
    const wanted = new Headers({ other: "e", [auth]: want });
    equal(toObject(headers), toObject(wanted), auth);
  }
});

export const otherSubprotocolsAreKept = test(() => {
  for (const [protocols, want] of [["a, openai-insecure-api-key.cfp_1,b", "a, b"], ["openai-insecure-api-key.cfp_1", null], ["a,b", "a,b"]]) {
    const headers = new Headers({ "sec-websocket-protocol": String(protocols) });
    replaceCredential(headers, provider("p"), "k");
    equal(headers.get("sec-websocket-protocol"), want, protocols);
  }
});

export const onlyKeyParametersAreStripped = test(() => {
  for (const [query, want] of [
    ["", ""], ["?", "?"], ["?a", "?a"], ["?a=b&", "?a=b&"], ["?&&", "?&&"], ["?key=a", ""], ["?key", ""], ["?key=", ""], ["?key=a&key=b", ""],
    ["?a&key=x&b", "?a&b"], ["?key=x&&b", "?&b"], ["?a&key=x&key=y&key=z&b=", "?a&b="], ["?k%65y=x&%6b%65%79=y&a=%6b", "?a=%6b"],
    ["?KEY=x", "?KEY=x"], ["?keys=x&monkey=y&key[]=z&key+=a&key%20=b", "?keys=x&monkey=y&key[]=z&key+=a&key%20=b"], ["??key=x", "??key=x"],
    ["??k%65y=x", "??k%65y=x"], ["?a=b?key=c", "?a=b?key=c"], ["?a=b;key=c", "?a=b;key=c"], ["?a=&key=b=c=d&e", "?a=&e"], ["?%zz=1&key=2", "?%zz=1"],
  ]) {
    for (const path of ["https://a/", "https://a/x&key=y/z"]) {
      equal(stripKeyParams(path + query), path + want, query);
    }
  }
});
