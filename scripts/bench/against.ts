// This checkout beside another one in one run, piece of work by piece of work: `npm run bench -- --against <dir>`. Each side runs in
// a process of its own, and their calls alternate, so that what others do to the machine they do to both.
import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { PouwError } from "../../src/base/index.ts";
import type { Answer, Order } from "./against/child.ts";
import { blindness, type Compared, type ComparedRow, compared, comparedLines, isWorse } from "./against/judge.ts";
import { CONTROL, NO_COUNTERPART, PARTS, type Part } from "./against/parts.ts";
import { interleave, type Sample } from "./measure.ts";
import type { Bench } from "./rows.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CHILD = fileURLToPath(new URL("./against/child.ts", import.meta.url));
/** One call is about this long. */
const CALL_MS = { quick: 100, full: 300 };
const ROUNDS = { quick: 7, full: 21 };
/** Rows whose one call takes seconds are called this often. */
const LONG_ROUNDS = { quick: 2, full: 5 };

/** A checkout in a process of its own. */
class Side {
  readonly #process: ChildProcess;

  constructor(dir: string) {
    const execArgv = ["--expose-gc", "--import", "tsx"];
    this.#process = fork(CHILD, [dir], { cwd: dir, execArgv });
  }

  /** Why the part is not to be had there; undefined when it is open. */
  async open(part: string): Promise<string | undefined> {
    const answer = await this.#order({ part });
    return "absent" in answer ? answer.absent : undefined;
  }

  async run(part: string, count: number): Promise<Sample> {
    const answer = await this.#order({ part, count });
    if ("absent" in answer || answer.sample === undefined)
      throw new PouwError("INTERNAL", `${part}: ${JSON.stringify(answer)}`);
    return answer.sample;
  }

  #order(order: Order): Promise<Answer> {
    return new Promise((done, fail) => {
      const onExit = (code: number | null): void => fail(new PouwError("INTERNAL", `a side ended with ${code}`));
      this.#process.once("exit", onExit);
      this.#process.once("message", (answer: Answer) => {
        this.#process.off("exit", onExit);
        done(answer);
      });
      this.#process.send(order);
    });
  }

  close(): void {
    this.#process.disconnect();
  }
}

/** A part on a side: for the control, one side runs another part than the other. */
interface Contender {
  readonly side: Side;
  readonly part: string;
}

/** How often in one call, so that it takes its time. */
async function countFor({ side, part }: Contender, callMs: number): Promise<number> {
  await side.run(part, 1);
  const { wallMs } = await side.run(part, 4);
  return Math.max(1, Math.min(20_000, Math.round(callMs / wallMs)));
}

interface Wish {
  readonly bench: Bench;
  /** A share: 0.03 for 3 %. */
  readonly tolerance: number;
}

async function measure(
  part: Part,
  contenders: readonly [Contender, Contender],
  { bench, tolerance }: Wish,
): Promise<ComparedRow> {
  for (const { side, part: name } of contenders) {
    const why = await side.open(name);
    if (why !== undefined) return { kind: "uncompared", name: part.name, what: part.what, why };
  }
  const size = bench.quick ? "quick" : "full";
  const count = part.count ?? (await countFor(contenders[0], CALL_MS[size]));
  const rounds = (part.long === true ? LONG_ROUNDS : ROUNDS)[size];
  const look = async (times: number): Promise<readonly Sample[][]> => {
    const calls = contenders.map(
      ({ side, part: name }) =>
        () =>
          side.run(name, count),
    );
    return (await interleave(calls, times)) as Sample[][];
  };
  const row = ([ours = [], theirs = []]: readonly Sample[][], again: boolean): Compared =>
    compared(part, ours, theirs, again);
  const once = row(await look(rounds), false);
  return isWorse(once, tolerance) ? row(await look(2 * rounds), true) : once;
}

/** Every row of both, and whether the run can be believed. */
async function compare(
  dir: string,
  wish: Wish,
): Promise<{ readonly rows: ComparedRow[]; readonly blind: string | undefined }> {
  const sides = [new Side(ROOT), new Side(dir), new Side(ROOT)] as const;
  const [ours, theirs, twin] = sides;
  const at = (side: Side, { name }: Part): Contender => ({ side, part: name });
  try {
    wish.bench.progress("control");
    const beside = await measure(CONTROL.same, [at(ours, CONTROL.same), at(twin, CONTROL.same)], wish);
    const slow = await measure(CONTROL.slow, [at(twin, CONTROL.slow), at(ours, CONTROL.same)], wish);
    const rows: ComparedRow[] = [beside, slow];
    for (const part of PARTS.filter(({ name }) => wish.bench.wants(name))) {
      wish.bench.progress(part.name);
      rows.push(await measure(part, [at(ours, part), at(theirs, part)], wish));
    }
    const seen = beside.kind === "compared" && slow.kind === "compared";
    return { rows, blind: seen ? blindness(beside, slow, wish.tolerance) : "the control could not be run" };
  } finally {
    for (const side of sides) side.close();
  }
}

/** Prints the comparison; the exit code: 1 when a row is worse than the tolerance, or nothing can be believed. */
export async function benchAgainst(dir: string, { bench, tolerance }: Wish): Promise<number> {
  const other = resolve(dir);
  if (!existsSync(join(other, "scripts", "bench", "stepper.ts")))
    throw new PouwError(
      "BAD_CONFIG",
      `--against must name a checkout of this repository with its modules installed: ${dir}`,
    );
  const began = performance.now();
  const { rows, blind } = await compare(other, { bench, tolerance });
  const judged = rows.filter(({ name }) => !name.startsWith("control/"));
  const worse = judged.filter((row) => isWorse(row, tolerance));
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const line of comparedLines(rows, tolerance)) say(line);
  say("");
  for (const [names, why] of NO_COUNTERPART) say(`Not compared: ${names}: ${why}.`);
  const load = loadavg().map((one) => one.toFixed(2));
  const seconds = Math.round((performance.now() - began) / 1000);
  say(
    `${worse.length} of ${judged.length} rows more than ${(tolerance * 100).toFixed(1)} % worse. ${seconds} s, load ${load.join(" ")}.`,
  );
  if (blind !== undefined) say(`Not to be believed: ${blind}.`);
  return worse.length > 0 || blind !== undefined ? 1 : 0;
}
