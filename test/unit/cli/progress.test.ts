// Progress: a bar on a terminal, and lines now and then where there is none.
import { expect, it } from "vitest";
import { progressOn } from "../../../src/cli/views/progress.ts";
import { fakeIo } from "../../support/fake-io.ts";

it("is a line now and then where there is no terminal", () => {
  const io = fakeIo();
  const progress = progressOn(io, { drawing: 0, line: 0 });
  progress.update(0.256, "block 9 of 36");
  progress.end();
  expect(io.err()).toBe("block 9 of 36, 25 %\n");
});

it("is no line for what is done before one is due", () => {
  const io = fakeIo();
  const progress = progressOn(io);
  for (let i = 0; i < 100; i++) progress.update(i / 100, "quick");
  progress.end();
  expect(io.err()).toBe("");
});

it("is one bar on a terminal, taken away at its end", () => {
  const io = fakeIo();
  Object.assign(io.stderr, { isTTY: true });
  const progress = progressOn(io, { drawing: 0, line: 0 });
  progress.update(0.5, "block 18 of 36");
  progress.end();
  const clear = "\r\u001b[K";
  expect(io.err()).toBe(`${clear}${"█".repeat(15)}${"░".repeat(15)}  50 %  block 18 of 36${clear}`);
});
