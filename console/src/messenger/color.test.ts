import { expect, test } from "vitest";
import { contrast, GROUNDS, inkOn, readableOn } from "./color";

test("contrast is what WCAG says", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

test("whatever colour a brand has, what stands on it and what is written in it can be read", () => {
  for (let color = 0; color < 0xffffff; color += 0x010b1d) {
    const brand = `#${color.toString(16).padStart(6, "0")}`;
    expect(contrast(brand, inkOn(brand)), brand).toBeGreaterThanOrEqual(4.5);
    for (const ground of Object.values(GROUNDS)) {
      expect(contrast(readableOn(ground, brand), ground), brand).toBeGreaterThanOrEqual(4.5);
    }
  }
});

test("a colour that can be read stays as it is", () => {
  expect(readableOn(GROUNDS.light, "#0b7285")).toBe("#0b7285");
  expect(inkOn("#ffe066")).toBe("#000000");
});
