import { expect, test } from "vitest";
import { asSent, callOf, faultOf, type Parameter, payloadOf } from "./call";

const constant = (value: string, name = ""): Parameter => ({ name, source: "CONSTANT", value });
const attribute = (value: string, name = ""): Parameter => ({ name, source: "ATTRIBUTE", value });
const known = (name: string) => `value of ${name}`;

test("a parameter without a name is the payload, named ones are an object, several a list", () => {
  expect(payloadOf([], known)).toBeNull();
  expect(payloadOf([attribute("consumer.id")], known)).toBe("value of consumer.id");
  expect(payloadOf([constant("5"), constant("x")], known)).toEqual([5, "x"]);
  expect(payloadOf([constant("5", "a"), attribute("b.c", "d")], known)).toEqual({
    a: 5,
    d: "value of b.c",
  });
});

test("a constant comes back as what it was", () => {
  const parameters = [5, "5", "gold", true, { a: [1] }, ""].map((value) => ({
    source: "CONSTANT" as const,
    value,
  }));
  const kept = {
    name: "custom.x",
    kind: "FUNCTION",
    description: "",
    sensitive: false,
    policies: [],
  };
  expect(asSent(callOf({ ...kept, parameters }).parameters)).toEqual(parameters);
});

test("names are for all parameters or for none, and each for one", () => {
  expect(faultOf([constant("1", "a"), constant("2")])).toMatch("or none");
  expect(faultOf([constant("1", "a"), constant("2", "a")])).toMatch("same name");
  expect(faultOf([attribute(" ")])).toMatch("which attribute");
  expect(faultOf([constant("")])).toBeUndefined();
});
