import { expect, test } from "vitest";
import { partsOf } from "./links";

const addresses = (text: string) => partsOf(text).flatMap(({ address }) => address ?? []);

test("only addresses of the web are links, and nothing is lost around them", () => {
  const text = "See (https://brand.example/a?b=c), or http://x.example. Not javascript:alert(1)!";
  expect(addresses(text)).toEqual(["https://brand.example/a?b=c", "http://x.example"]);
  expect(
    partsOf(text)
      .map((part) => part.text)
      .join(""),
  ).toBe(text);
  expect(addresses("javascript:alert(1) ftp://x.example https://")).toEqual([]);
});
