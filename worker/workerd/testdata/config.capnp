using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "re\"lay", worker = (
    modules = [
    (name = "index.js", esModule = "export default {};\n"),
    (name = "a.txt", text = "text"),
    (name = "b.json", json = "{}"),
    (name = "c.cjs", commonJsModule = "1"),
    (name = "d.wasm", wasm = 0x"00"),
    (name = "e.bin", data = 0x"01")],
    bindings = [
    (name = "T", text = "t"),
    (name = "S", text = "s"),
    (name = "J", json = "[\"x\"]")],
    compatibilityDate = "2026-06-01",
    compatibilityFlags = [
    "a_flag"],
    globalOutbound = "(outbound)")),
    (name = "(outbound)", external = (address = "127.0.0.1:8080", http = (style = proxy, injectRequestHeaders = [(name = "Host", value = "outbound")])))],
  sockets = [
    (name = "re\"lay", address = "127.0.0.1:0", service = "re\"lay", http = (forwardedProtoHeader = "X-Forwarded-Proto", cfBlobHeader = "CF-Blob"))],
);
