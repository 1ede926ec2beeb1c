import { expect, it } from "vitest";
import { LinkCount } from "../../src/verify/links.ts";

const step = (number: number, counter: "follows" | "jumps" | undefined) => ({
  ...{ from: `${number}`, to: `${number + 1}` },
  counter,
});

it("a snapshot that agrees proves what was crossed since the last break, and nothing before that", () => {
  const links = new LinkCount();
  for (let i = 0; i < 5; i++) links.border();
  links.crossed(step(0, "follows"));
  links.broken();
  links.crossed(step(2, "jumps"));
  links.crossed(step(3, undefined));
  links.agreed();
  links.crossed(step(4, "jumps"));
  expect(links.report()).toEqual({
    total: 5,
    snapshot: 2,
    sequence: 1,
    unproven: 2,
    steps: [step(0, "follows"), step(4, "jumps")],
  });
});

it("says the same when it is asked again", () => {
  const links = new LinkCount();
  links.border();
  links.crossed(step(0, "follows"));
  expect(links.report()).toEqual(links.report());
});
