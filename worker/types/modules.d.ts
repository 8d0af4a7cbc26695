// Text modules: https://developers.cloudflare.com/workers/wrangler/bundling/
declare module "*.txt" {
  const text: string;
  export default text;
}
