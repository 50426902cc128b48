// Tasks as people name them: by name, by id in hex of either case, with 0x or without.
import { describe, expect, it } from "vitest";
import { PouwError, toHex } from "../../../src/base/index.ts";
import { taskOf } from "../../../src/chain/index.ts";
import { tasksNamed } from "../../../src/node/parts/follow.ts";
import { aRegistration } from "../../support/chain.ts";

const tasks = ["one", "two", "three"].map((name) => taskOf(aRegistration(name)));
const [one, two, three] = tasks as [(typeof tasks)[0], (typeof tasks)[0], (typeof tasks)[0]];
const named = (...names: string[]): string[] => tasksNamed(tasks, names, "tasks").map(({ name }) => name);

describe("the tasks that a node follows", () => {
  it("are all when none is named", () => {
    expect(tasksNamed(tasks, [], "tasks")).toBe(tasks);
  });

  it("are those named, once each, in the network's order", () => {
    expect(named("three", "one")).toEqual(["one", "three"]);
    expect(named("two", "two", toHex(two.id))).toEqual(["two"]);
    expect(named(toHex(one.id), `0x${toHex(three.id)}`, `0x${toHex(two.id).toUpperCase()}`)).toEqual([
      "one",
      "two",
      "three",
    ]);
  });

  it.each([
    ["a slip", "tow", /^tasks names no task here: "tow" \(did you mean "two"\?\)\.$/],
    ["a stranger's id", "ab".repeat(32), /^tasks names no task here: "(ab){32}"/],
    ["half an id", toHex(one.id).slice(0, 32), /^tasks names no task here/],
    ["an empty name", "", /^tasks names no task here: ""/],
  ])("are refused with %s, with what there is to choose from", (_what, name, message) => {
    const refused = (): unknown => tasksNamed(tasks, ["one", name], "tasks");
    expect(refused).toThrow(PouwError);
    expect(refused).toThrow(message);
    expect(refused).toThrow(expect.objectContaining({ code: "BAD_CONFIG", remedy: "Choose among one, two, three." }));
  });

  it("say whose setting it was", () => {
    expect(() => tasksNamed([one], ["two"], "miner.tasks")).toThrow(/^miner\.tasks names no task here/);
  });
});
