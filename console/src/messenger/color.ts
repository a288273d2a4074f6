/** The brand's colour, made so that everybody can read what stands on it or is written in it. */

type Rgb = readonly [number, number, number];

export const BRAND = "#3b5bdb";
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
/** WCAG 2.2, 1.4.3: text of ordinary size. */
const CONTRAST_MIN = 4.5;

/** Returns the red, green and blue of `#rrggbb`; nothing if it is no such colour. */
function parsed(color: string): Rgb | undefined {
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  if (!digits) return undefined;
  const [red = 0, green = 0, blue = 0] = digits.slice(1).map((two) => Number.parseInt(two, 16));
  return [red, green, blue];
}

function written(color: Rgb): string {
  return `#${color.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** How bright a colour is, from 0 to 1 (WCAG's relative luminance). */
function luminance(color: Rgb): number {
  const [red = 0, green = 0, blue = 0] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function between(a: Rgb, b: Rgb): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

/** How well one colour stands out from another, from 1 to 21. */
export function contrast(a: string, b: string): number {
  return between(parsed(a) ?? BLACK, parsed(b) ?? WHITE);
}

/** Returns white or black, whichever can be read on a colour. */
export function inkOn(color: string): string {
  const ground = parsed(color) ?? BLACK;
  return written(between(ground, WHITE) >= between(ground, BLACK) ? WHITE : BLACK);
}

/** Returns the colour itself, or the nearest darker or lighter one that can be read on a ground. */
export function readableOn(ground: string, color: string): string {
  const below = parsed(ground) ?? WHITE;
  const wanted = parsed(color) ?? BLACK;
  const end = luminance(below) > 0.18 ? BLACK : WHITE;
  for (let step = 0; step <= 20; step += 1) {
    const share = step / 20;
    // Rounded as it will be written: a fraction may be what was missing.
    const part = (from: number, to: number) => Math.round(from + (to - from) * share);
    const mixed: Rgb = [part(wanted[0], end[0]), part(wanted[1], end[1]), part(wanted[2], end[2])];
    if (between(mixed, below) >= CONTRAST_MIN) return written(mixed);
  }
  return written(end);
}

/** The surfaces of the messenger, on which the brand's colour is written: see `global.css`. */
export const GROUNDS = { light: "#ffffff", dark: "#17191d" } as const;

/** Sets the brand's colour for everything on the page. */
export function paint(root: HTMLElement, brand: string): void {
  const color = parsed(brand) ? brand : BRAND;
  root.style.setProperty("--brand", color);
  root.style.setProperty("--on-brand", inkOn(color));
  root.style.setProperty("--brand-on-light", readableOn(GROUNDS.light, color));
  root.style.setProperty("--brand-on-dark", readableOn(GROUNDS.dark, color));
}
