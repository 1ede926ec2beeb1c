import { expect, it } from "vitest";
import { Malformed } from "../../src/sqlite/malformed.ts";

it("what is malformed is an error of its own, with a name", () => {
  const error = new Malformed("there is no page 7");
  expect(error).toBeInstanceOf(Error);
  expect([error.name, String(error)]).toEqual(["Malformed", "Malformed: there is no page 7"]);
});
