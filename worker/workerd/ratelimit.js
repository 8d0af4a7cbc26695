// @ts-check
// The rate-limit binding, counted in memory: a window opens with a key's first
// call and closes a period later.

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
        throw new TypeError("limit() wants { key: string }");
      }
      const name = `${namespace}/${options.key}`;
      const now = Date.now();
      const open = windows.get(name);
      const window = open !== undefined && now < open.until ? open : { calls: 0, until: now + period * 1000 };
      windows.set(name, window);
      window.calls += 1;
      return { success: window.calls <= limit };
    },
  };
}
