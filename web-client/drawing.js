// Small line drawings of our own, made in the page: no file to fetch, no symbol of a page needed.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} path of the pen, in a square of `size`
 * @param {{ size?: number, className?: string }} [options]
 * @returns {SVGSVGElement} hidden from who listens: its words stand beside it
 */
export function drawing(path, { size = 24, className = "icon" } = {}) {
  const svg = document.createElementNS(SVG, "svg");
  const pen = document.createElementNS(SVG, "path");
  svg.setAttribute("class", className);
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("aria-hidden", "true");
  pen.setAttribute("d", path);
  svg.append(pen);
  return svg;
}

/** The place of the other's picture, on either page. @returns {HTMLElement} */
export function frame() {
  const found = document.querySelector('section[data-screen="call"] .stage, #screen');
  if (!(found instanceof HTMLElement)) throw new Error("no picture on this page");
  return found;
}
