// @ts-check
/** What is drawn on a canvas: the colours of attention, an object's outline, stripes over what the model did not see. */

/** @typedef {[number, number, number, number]} Box x, y, width, height in pixels */

const INFERNO = ["000004", "1f0c48", "550f6d", "88226a", "ba3655", "e35933", "f98c0a", "f9c932", "fcffa4"].map((hex) =>
  [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)),
);

/**
 * What 256 steps of strength look like, as RGBA pixels: white over dark, or colour over the photograph.
 * @type {Record<string, Uint32Array<ArrayBuffer>>}
 */
export const RAMPS = {
  glow: ramp((t) => [255 * t, 255 * t, 255 * t, 255]),
  colour: ramp((t) => [...inferno(t), 255 * t ** 0.75]),
};

/** @param {(t: number) => number[]} colour */
function ramp(colour) {
  const bytes = Uint8ClampedArray.from({ length: 1024 }, (_, i) => colour((i >> 2) / 255)[i & 3]);
  return new Uint32Array(bytes.buffer);
}

/** @param {number} t */
function inferno(t) {
  const at = Math.min(t * 8, 7.999);
  const low = Math.floor(at);
  return INFERNO[low].map((value, channel) => value + (INFERNO[low + 1][channel] - value) * (at - low));
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function contextOf(canvas, settings) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", settings));
}

/**
 * Give a canvas a size in pixels, which clears it; a canvas that has it keeps what it shows.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @returns {boolean} whether it had another size
 */
export function resize(canvas, width, height) {
  if (canvas.width === width && canvas.height === height) return false;
  [canvas.width, canvas.height] = [width, height];
  return true;
}

/**
 * The outline of an object, light over dark, so that it is seen on any photograph and any heat.
 * @param {CanvasRenderingContext2D} context
 * @param {number[][]} rings
 */
export function drawOutline(context, rings) {
  const { width, height } = context.canvas;
  const path = new Path2D();
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) path[i ? "lineTo" : "moveTo"](ring[i] * width, ring[i + 1] * height);
    path.closePath();
  }
  const unit = Math.max(1, width / 420);
  context.save();
  context.lineJoin = "round";
  for (const { colour, wide } of [
    { colour: "rgb(6 24 28 / 0.75)", wide: 4 },
    { colour: "#45e0cf", wide: 1.8 },
  ]) {
    context.strokeStyle = colour;
    context.lineWidth = wide * unit;
    context.stroke(path);
  }
  context.restore();
}

/**
 * Stripes over what the model did not see.
 * @param {CanvasRenderingContext2D} context
 * @param {Box[]} boxes
 * @param {number} step pixels between two stripes
 */
export function hatch(context, boxes, step) {
  const path = new Path2D();
  const drawn = boxes.filter(([, , width, height]) => width > 0.5 && height > 0.5);
  if (!drawn.length) return;
  for (const box of drawn) path.rect(...box);
  context.save();
  context.clip(path);
  const { width, height } = context.canvas;
  context.fillStyle = "rgb(34 36 41 / 0.86)";
  context.fillRect(0, 0, width, height);
  context.strokeStyle = "rgb(255 255 255 / 0.2)";
  context.lineWidth = Math.max(1, step / 6);
  context.beginPath();
  for (let x = -height; x < width; x += Math.max(6, step)) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}
