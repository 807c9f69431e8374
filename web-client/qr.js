// A QR code of a short text (ISO/IEC 18004): bytes, level L, versions 1 to 9. The mask is always the
// first: which one only matters for texts that draw large plain areas, and links do not.

/** Of versions 1 to 9: codewords of data, of correction in each block, and blocks (all alike). */
const CAPACITY = [
  [19, 7, 1], [34, 10, 1], [55, 15, 1], [80, 20, 1], [108, 26, 1],
  [136, 18, 2], [156, 20, 2], [194, 24, 2], [232, 30, 2],
];
/** Where the small squares stand, besides 6; versions 7 to 9 have one more in the middle. */
const ALIGNED = [[], [18], [22], [26], [30], [34], [22, 38], [24, 42], [26, 46]];

/** Product in GF(256) of the standard. @param {number} a @param {number} b */
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product;
}

/** The codewords of Reed and Solomon that go with these. @param {number[]} data @param {number} count */
function correction(data, count) {
  let divisor = [...Array(count - 1).fill(0), 1];
  for (let i = 0, root = 1; i < count; i++, root = times(root, 2))
    divisor = divisor.map((value, at) => times(value, root) ^ (divisor[at + 1] ?? 0));
  const rest = Array(count).fill(0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    divisor.forEach((value, at) => (rest[at] ^= times(value, factor)));
  }
  return rest;
}

/** The remainder that protects the format and the version. @param {number} value @param {number} bits @param {number} by */
function protectedBits(value, bits, by) {
  let rest = value;
  for (let i = 0; i < bits; i++) rest = (rest << 1) ^ ((rest >> (bits - 1)) * by);
  return (value << bits) | rest;
}

/** @param {Uint8Array} bytes @param {number} version @returns {number[]} as they are drawn */
function codewords(bytes, version) {
  const [room = 0, check = 0, blocks = 1] = CAPACITY[version - 1] ?? [];
  const halves = [4, bytes.length >> 4, bytes.length & 15];
  for (const byte of bytes) halves.push(byte >> 4, byte & 15);
  halves.push(0);
  /** @type {number[]} */
  const data = [];
  for (let i = 0; i < halves.length; i += 2) data.push(((halves[i] ?? 0) << 4) | (halves[i + 1] ?? 0));
  for (let pad = 0xec; data.length < room; pad ^= 0xec ^ 0x11) data.push(pad);
  const size = room / blocks;
  const parts = Array.from({ length: blocks }, (_, i) => data.slice(i * size, (i + 1) * size));
  const checks = parts.map((part) => correction(part, check));
  const woven = (/** @type {number[][]} */ rows) => rows[0]?.flatMap((_, at) => rows.map((row) => row[at] ?? 0)) ?? [];
  return [...woven(parts), ...woven(checks)];
}

/**
 * @param {string} text
 * @returns {boolean[][] | null} rows of modules, dark or not; null: the text is too long
 */
export function qr(text) {
  const bytes = new TextEncoder().encode(text);
  const version = CAPACITY.findIndex(([room = 0]) => bytes.length + 2 <= room) + 1;
  if (!version) return null;
  const size = 17 + 4 * version;
  /** @type {(boolean | undefined)[][]} undefined: free for data */
  const grid = Array.from({ length: size }, () => Array(size));
  const set = (/** @type {number} */ x, /** @type {number} */ y, /** @type {boolean | number} */ dark) => {
    const row = grid[y];
    if (row && x >= 0 && x < size) row[x] = Boolean(dark);
  };
  for (let i = 0; i < size; i++) for (const [x, y] of /** @type {const} */ ([[i, 6], [6, i]])) set(x, y, i % 2 === 0);
  const middles = [6, ...(ALIGNED[version - 1] ?? [])];
  for (const [cx, cy, far] of [
    ...middles.flatMap((x) => middles.map((y) => /** @type {const} */ ([x, y, 2]))),
    .../** @type {const} */ ([[3, 3, 4], [size - 4, 3, 4], [3, size - 4, 4]]),
  ]) {
    // The three corners belong to the large squares.
    if (far === 2 && (cx < 8 || cx > size - 9) && (cy < 8 || cy > size - 9) && !(cx > 8 && cy > 8)) continue;
    for (let dy = -far; dy <= far; dy++)
      for (let dx = -far; dx <= far; dx++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        set(cx + dx, cy + dy, far === 2 ? ring !== 1 : ring !== 2 && ring !== 4);
      }
  }
  inform(set, size, version);
  fill(grid, codewords(bytes, version));
  return /** @type {boolean[][]} */ (grid);
}

/** Level L, mask 0, and the version where it is told. @param {(x: number, y: number, dark: boolean | number) => void} set @param {number} size @param {number} version */
function inform(set, size, version) {
  const format = protectedBits(0b01_000, 10, 0x537) ^ 0x5412;
  for (let i = 0; i < 15; i++) {
    const bit = (format >> i) & 1;
    if (i < 8) set(8, i < 6 ? i : i + 1, bit);
    else set(i === 8 ? 7 : 14 - i, 8, bit);
    if (i < 8) set(size - 1 - i, 8, bit);
    else set(8, size - 15 + i, bit);
  }
  set(8, size - 8, true);
  if (version < 7) return;
  const told = protectedBits(version, 12, 0x1f25);
  for (let i = 0; i < 18; i++) {
    const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
    set(a, b, (told >> i) & 1);
    set(b, a, (told >> i) & 1);
  }
}

/** Two columns at a time, up and down, from the right. @param {(boolean | undefined)[][]} grid @param {number[]} words */
function fill(grid, words) {
  const size = grid.length;
  let next = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const up = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step++) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        const row = grid[y];
        if (!row || row[x] !== undefined) continue;
        const bit = ((words[next >> 3] ?? 0) >> (7 - (next & 7))) & 1;
        next++;
        row[x] = Boolean(bit) !== ((x + y) % 2 === 0);
      }
    }
  }
}
