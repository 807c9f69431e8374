// The console on a tablet or a laptop: the screen stays on while somebody is received, and what was
// missed behind another window is read again on return.

/** @param {{ needed: () => boolean, back: () => void }} console */
export function stayAwake({ needed, back }) {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let asking = false;
  const hold = async () => {
    if (!("wakeLock" in navigator) || document.hidden || asking) return;
    if (!needed()) {
      await lock?.release();
      lock = null;
    } else if (!lock || lock.released) {
      asking = true;
      lock = await navigator.wakeLock.request("screen").catch(() => null);
      asking = false;
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    back();
    void hold();
  });
  return hold;
}
