// Long work in turns: so much at a time, everybody in his turn, and signatures are known before they are looked at.
import { describe, expect, it } from "vitest";
import { finish, type Steps, utf8 } from "../../../src/base/index.ts";
import { sha256, verifyAhead, verifySignature } from "../../../src/crypto/index.ts";
import { inTurns, rest, TURN } from "../../../src/engine/turns.ts";
import { aKey } from "../../support/chain.ts";

/** Notes its name with every piece. */
function* work(name: string, pieces: number, weight: number, log: string[]): Steps<string> {
  for (let i = 0; i < pieces; i++) {
    log.push(name);
    yield weight;
  }
  return name;
}

/** Notes every round of the event loop until `done`. */
async function rounds(log: string[], done: Promise<unknown>): Promise<void> {
  let going = true;
  void done.finally(() => {
    going = false;
  });
  while (going) {
    await new Promise((resolve) => setImmediate(resolve));
    log.push("-");
  }
}

/** The longest run of pieces between two rounds of the loop. */
const longest = (log: readonly string[]): number =>
  Math.max(
    ...log
      .join("")
      .split("-")
      .map(({ length }) => length),
  );

describe("long work", () => {
  it("lets the event loop go round after each turn; run through, as before, it does not", async () => {
    const log: string[] = [];
    const done = inTurns(work("a", 10 * TURN, 1, log));
    await rounds(log, done);
    expect(await done).toBe("a");
    expect(longest(log)).toBeLessThanOrEqual(TURN);
    expect(log.filter((entry) => entry === "-").length).toBeGreaterThanOrEqual(9);
    const before: string[] = [];
    const through = Promise.resolve().then(() => finish(work("a", 10 * TURN, 1, before)));
    await rounds(before, through);
    expect(longest(before)).toBe(10 * TURN);
  });

  it("of several callers takes turns: many together hold the loop no longer than one, and a short one is not kept waiting", async () => {
    const log: string[] = [];
    const many = ["a", "b", "c", "d"].map((name) => inTurns(work(name, 5 * TURN, 1, log)));
    const short = inTurns(work("s", 3, 1, log));
    await rounds(log, Promise.all([...many, short]));
    expect(longest(log)).toBeLessThanOrEqual(TURN);
    expect(log.indexOf("s")).toBeLessThan(5 * TURN + 10);
  });

  it("counts by weight, and what was done elsewhere too", async () => {
    const log: string[] = [];
    const heavy = inTurns(work("h", 6, TURN, log));
    await rounds(log, heavy);
    expect(longest(log)).toBe(1);
    const small: string[] = [];
    const done = (async () => {
      for (let i = 0; i < 4 * TURN; i++) {
        small.push("x");
        await rest(1);
      }
    })();
    await rounds(small, done);
    expect(longest(small)).toBeLessThanOrEqual(TURN + 1);
  });

  it("that fails fails its caller only", async () => {
    // biome-ignore lint/correctness/useYield: it ends before the first piece.
    function* failing(): Steps<void> {
      throw new Error("no");
    }
    await expect(inTurns(failing())).rejects.toThrow("no");
    expect(await inTurns(work("a", 2, 1, []))).toBe("a");
  });

  it("has the signatures that it names verified before it goes on", async () => {
    const key = aKey("signer");
    const signed = ["one", "two", "three"].map((word) => {
      const message = sha256(utf8(`turns ${word}`));
      return { address: key.address, message, signature: key.sign(message) };
    });
    let known: unknown = "not asked";
    function* steps(): Steps<boolean> {
      yield signed;
      known = verifyAhead(signed);
      return signed.every(({ address, message, signature }) => verifySignature(address, message, signature));
    }
    expect(await inTurns(steps())).toBe(true);
    expect(known).toBeUndefined();
  });
});
