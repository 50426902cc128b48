// The bus: who hears what, in which order, and what a listener that fails changes.
import { describe, expect, it } from "vitest";
import { Emitter } from "../../../src/base/index.ts";

interface Events {
  readonly cause: number;
  readonly effect: number;
}

describe("an emitter", () => {
  it("tells its listeners in the order in which they came, before it returns", () => {
    const events = new Emitter<Events>();
    const heard: string[] = [];
    for (const name of ["a", "b"]) events.on("cause", (n) => heard.push(`${name}${n}`));
    events.emit("cause", 1);
    expect(heard).toEqual(["a1", "b1"]);
  });

  it("tells every listener of a cause before any of its effects", () => {
    const events = new Emitter<Events>();
    const heard: string[] = [];
    events.on("cause", (n) => {
      if (n < 3) {
        events.emit("effect", n);
        events.emit("cause", n + 1);
      }
    });
    events.on("effect", (n) => heard.push(`effect ${n}`));
    events.on("cause", (n) => heard.push(`cause ${n}`));
    events.emit("cause", 1);
    expect(heard).toEqual(["cause 1", "effect 1", "cause 2", "effect 2", "cause 3"]);
  });

  it("tells no one who left, even while it is telling", () => {
    const events = new Emitter<Events>();
    const heard: number[] = [];
    const leave = events.on("cause", (n) => heard.push(n));
    events.on("cause", leave);
    events.emit("cause", 1);
    events.emit("cause", 2);
    expect(heard).toEqual([1]);
  });

  it("goes on past a listener that throws, and says so", () => {
    const failed: unknown[] = [];
    const events = new Emitter<Events>((error, event) => failed.push([event, String(error)]));
    const heard: number[] = [];
    events.on("cause", () => {
      throw new Error("no");
    });
    events.on("cause", (n) => heard.push(n));
    events.emit("cause", 1);
    events.emit("cause", 2);
    expect(heard).toEqual([1, 2]);
    expect(failed).toEqual([
      ["cause", "Error: no"],
      ["cause", "Error: no"],
    ]);
  });

  it("goes on even when its own report fails", () => {
    const events = new Emitter<Events>(() => {
      throw new Error("no report");
    });
    const heard: number[] = [];
    events.on("effect", () => {
      throw new Error("no");
    });
    events.on("cause", (n) => heard.push(n));
    expect(() => events.emit("effect", 1)).toThrow("no report");
    events.emit("cause", 2);
    expect(heard).toEqual([2]);
  });

  it("tells nobody once it is closed, those who come later neither", () => {
    const heard: number[] = [];
    const events = new Emitter<Events>();
    events.on("cause", (n) => heard.push(n));
    events.emit("cause", 1);
    events.close();
    events.on("cause", (n) => heard.push(n));
    events.emit("cause", 2);
    expect(heard).toEqual([1]);
  });

  it("waits for the payload that is wanted, or until it is told to stop", async () => {
    const events = new Emitter<Events>();
    const stop = new AbortController();
    const two = events.next("cause", (n) => n === 2, { signal: stop.signal });
    const never = events.next("cause", () => false, { signal: stop.signal });
    for (const n of [1, 2, 3]) events.emit("cause", n);
    expect(await two).toBe(2);
    stop.abort(new Error("stopped"));
    await expect(never).rejects.toThrow("stopped");
    await expect(events.next("cause", () => true, { signal: stop.signal })).rejects.toThrow("stopped");
  });
});
