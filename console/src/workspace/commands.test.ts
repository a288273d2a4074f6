import { expect, test } from "vitest";
import { commandIn } from "./commands";

const NAMES = ["Order", "Order status", "help"];

test("a command has a name and what it is given", () => {
  expect(commandIn("/order 4711  red", NAMES)).toEqual({
    name: "Order",
    arguments: ["4711", "red"],
  });
  expect(commandIn("/help", NAMES)).toEqual({ name: "help", arguments: [] });
  expect(commandIn("/HELP \n", NAMES)).toEqual({ name: "help", arguments: [] });
});

test("the longest name counts", () => {
  expect(commandIn("/Order status 1", NAMES)).toEqual({ name: "Order status", arguments: ["1"] });
});

test("anything else is a message", () => {
  for (const text of ["", "/", "/orders", "order 1", " /order 1", "/unknown"]) {
    expect(commandIn(text, NAMES)).toBeUndefined();
  }
});
