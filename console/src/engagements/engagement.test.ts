import { expect, test } from "vitest";
import { addressOf, draftOf, lackOf, tagOf, written } from "./engagement";

test("what is left empty is nothing, and what was set comes back", () => {
  const draft = { ...draftOf(undefined), name: " Shop ", color: "#0b7285" };
  expect(written(draft)).toEqual({
    name: "Shop",
    skillId: null,
    campaign: null,
    isEnabled: true,
    messenger: { title: null, greeting: null, color: "#0b7285" },
  });
  const kept = { ...written(draft), id: "shop", isEnabled: true, createdAt: "" };
  expect(written(draftOf(kept))).toEqual({ ...written(draft), id: "shop" });
});

test("a draft says what it lacks", () => {
  expect(lackOf(draftOf(undefined))).toContain("name");
  expect(lackOf({ ...draftOf(undefined), name: "Shop", color: "#0b7" })).toContain("#0b7285");
  expect(lackOf({ ...draftOf(undefined), name: "Shop" })).toBeUndefined();
});

test("an id cannot break out of the tag or the address", () => {
  const id = 'a"><script>&';
  expect(tagOf("https://u.example", "acme", id)).toContain(
    'data-engagement="a&quot;>&lt;script>&amp;"',
  );
  expect(new URL(addressOf("https://u.example", "acme", id)).searchParams.get("engagement")).toBe(
    id,
  );
});
