// Fingers, mouse and wheel on a picture, as two words: so much larger about here, so far aside.

/** A wheel's step, as a factor of the size. */
const STEP = 1.15;

/**
 * @typedef {object} Gestures
 * @property {(factor: number, x: number, y: number) => void} zoom x, y: from the frame's middle, in px
 * @property {(dx: number, dy: number) => void} pan
 * @property {() => boolean} ready whether one finger or the plain wheel is ours: else the page scrolls
 */

/** @param {HTMLElement} frame @param {Gestures} gestures */
export function watchGestures(frame, { zoom, pan, ready }) {
  /** @type {Map<number, { x: number, y: number }>} */
  const fingers = new Map();

  /** @param {{ x: number, y: number }} point */
  const fromMiddle = ({ x, y }) => {
    const box = frame.getBoundingClientRect();
    return { x: x - box.left - box.width / 2, y: y - box.top - box.height / 2 };
  };
  const apart = () => {
    const [a, b] = [...fingers.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  const between = () => {
    const [a, b] = [...fingers.values()];
    return a && b ? { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } : { x: 0, y: 0 };
  };

  frame.addEventListener("pointerdown", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (event.button !== 0 || target.closest("button, a, input, select, .held, .self-place, #self-frame")) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (ready() || fingers.size === 2) frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const [width, middle] = [apart(), between()];
    const now = { x: event.clientX, y: event.clientY };
    fingers.set(event.pointerId, now);
    if (fingers.size === 1) {
      if (ready()) pan(now.x - before.x, now.y - before.y);
    } else if (fingers.size === 2 && width > 0) {
      const after = between();
      pan(after.x - middle.x, after.y - middle.y);
      const { x, y } = fromMiddle(after);
      zoom(apart() / width, x, y);
    }
  });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"]))
    frame.addEventListener(name, (event) => fingers.delete(event.pointerId));

  frame.addEventListener(
    "wheel",
    (event) => {
      // Two fingers on a trackpad come as a wheel with Ctrl.
      if (!event.ctrlKey && !ready()) return;
      event.preventDefault();
      const { x, y } = fromMiddle({ x: event.clientX, y: event.clientY });
      zoom(event.deltaY < 0 ? STEP : 1 / STEP, x, y);
    },
    { passive: false },
  );
}
