// @ts-check
// The rate limit binding, which counts in memory. The window of a key starts with its first call and ends a period later.

/**
 * @typedef {{ namespace: string, limit: number, period: number }} Settings
 * @typedef {{ calls: number, until: number }} Window
 */

/** @type {Map<string, Window>} by namespace and key, shared by the bindings of a Worker */
const windows = new Map();

/**
 * @param {{ settings: Settings }} env
 * @returns {{ limit(options: { key: string }): Promise<{ success: boolean }> }}
 */
export default function bind({ settings: { namespace, limit, period } }) {
  return {
    async limit(options) {
      if (typeof options?.key !== "string") {
        throw new TypeError("limit() needs { key: string }");
      }
      const name = `${namespace}/${options.key}`;
      const now = Date.now();
      const current = windows.get(name);
      const window = current !== undefined && now < current.until ? current : { calls: 0, until: now + period * 1000 };
      windows.set(name, window);
      window.calls += 1;
      return { success: window.calls <= limit };
    },
  };
}
