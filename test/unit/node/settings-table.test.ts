// The table of settings: what every row must have, and that one more row is all that a new setting takes.
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type Setting, setting } from "../../../src/base/index.ts";
import {
  type ConfigSources,
  envName,
  explainConfig,
  type NodeOptions,
  type NodeOptionsInput,
  parseOptions,
  resolveConfig,
  SETTINGS,
  settingsTable,
  textKindOf,
  valueAt,
} from "../../../src/node/index.ts";
import { refusal } from "../../support/refusal.ts";

const HOME = "/home/someone";
const file = (content: unknown) => ({ name: "node.config.json", content });

describe("every row", () => {
  it("has a key, a flag and a variable that no other row has", () => {
    for (const names of [
      SETTINGS.flatMap((row) => [row.key, row.alias ?? []].flat()),
      SETTINGS.flatMap((row) => row.flag ?? []),
      SETTINGS.flatMap((row) => [row.key, row.alias ?? []].flat().map(envName)),
    ])
      expect(new Set(names).size).toBe(names.length);
  });

  it.each(SETTINGS.map((row) => [row.key, row] as const))(
    "%s has help, a flag that can be typed and a default",
    (_, row) => {
      expect(row.help).toMatch(/^[a-z].{8,}[^.]$/);
      if (row.flag !== undefined) {
        expect(row.flag).toMatch(/^[a-z]+(-[a-z]+)*$/);
        expect(row.value === undefined).toBe(textKindOf(row) === "switch");
      }
      const complete = row.derived !== undefined || row.schema.safeParse(undefined).success;
      expect(complete).toBe(true);
    },
  );

  it.each(SETTINGS.map((row) => [row.key, row] as const))("%s says in its own words what it must be", (key, row) => {
    const wrong = row.key.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), { nonsense: true });
    const { message } = refusal(() => resolveConfig({ file: file(wrong), home: HOME }));
    expect(message.startsWith(`${key} (from node.config.json) must `)).toBe(true);
    if (row.secret === true) expect(message).toContain("[redacted]");
  });

  it("is read as the kind that its schema takes, or as the row says", () => {
    const kinds = Object.fromEntries(SETTINGS.map((row) => [row.key, textKindOf(row)]));
    expect(kinds).toMatchObject({
      roles: "list",
      dataDir: "text",
      apiPort: "number",
      workers: "number",
      mdns: "switch",
      provider: "text",
      accountSecret: "text",
      "limits.stopMs": "number",
      "miner.tasks": "list",
    });
    const own = setting({ key: "x.own", schema: z.custom<string[]>(Array.isArray), text: "list", help: "a list" });
    expect(textKindOf(own)).toBe("list");
  });
});

/** All that a new setting is. */
const FIXTURE = setting({
  key: "greeter.loudness",
  schema: z
    .int("must be a number from 0 to 11")
    .min(0, "must be a number from 0 to 11")
    .max(11, "must be a number from 0 to 11")
    .default(3),
  flag: "loudness",
  value: "n",
  help: "how loud the greeting is, 0 to 11",
});

describe("one more row", () => {
  const table = settingsTable({ rows: [FIXTURE] });
  const resolve = (sources: Omit<ConfigSources, "home" | "table">) => resolveConfig({ ...sources, home: HOME, table });

  it.each([
    ["the default", {}, 3, "default"],
    ["the file", { file: file({ greeter: { loudness: 4 } }) }, 4, "node.config.json"],
    ["the environment", { env: { POUW_GREETER_LOUDNESS: "5" } }, 5, "POUW_GREETER_LOUDNESS"],
    ["the flag", { env: { POUW_GREETER_LOUDNESS: "5" }, flags: { "greeter.loudness": "6" } }, 6, "--loudness"],
  ] as const)("is known from %s, and explained", (_, sources, value, origin) => {
    const config = resolve(sources);
    expect(valueAt(config.options, "greeter.loudness")).toBe(value);
    expect(explainConfig(config).at(-1)).toEqual({ key: "greeter.loudness", value, origin });
  });

  it.each([
    ["the file", { file: file({ greeter: { loudness: "loud" } }) }, "node.config.json", '"loud"'],
    ["the environment", { env: { POUW_GREETER_LOUDNESS: "loud" } }, "POUW_GREETER_LOUDNESS", '"loud"'],
    ["the flag", { flags: { "greeter.loudness": "12" } }, "--loudness", "12"],
  ] as const)("refuses a wrong value from %s with its origin", (_, sources, origin, shown) => {
    const { code, message } = refusal(() => resolve(sources));
    expect(code).toBe("BAD_CONFIG");
    expect(message).toBe(`greeter.loudness (from ${origin}) must be a number from 0 to 11; it is ${shown}.`);
  });

  it("is suggested for a slip, in the file and in the environment", () => {
    expect(refusal(() => resolve({ file: file({ greeter: { loudnes: 1 } }) })).message).toContain(
      'did you mean "greeter.loudness"?',
    );
    expect(refusal(() => resolve({ env: { POUW_GREETER_LOUDNES: "1" } })).message).toContain(
      'did you mean "POUW_GREETER_LOUDNESS"?',
    );
  });

  it("is taken from the scripting API, and unknown without its row", () => {
    const input = { greeter: { loudness: 7 } } as NodeOptionsInput;
    expect(valueAt(parseOptions(input, HOME, table), "greeter.loudness")).toBe(7);
    expect(refusal(() => parseOptions(input, HOME)).message).toBe('the options given has an unknown key "greeter".');
  });

  it("may lie deeper, and refuses with a sentence of its own", () => {
    const rows = [
      setting({
        key: "greeter.voice.pitch",
        schema: z.string().superRefine((_, context) => {
          context.addIssue({ code: "custom", message: "Nobody sings that.", params: { remedy: "Hum instead." } });
        }),
        help: "what to sing",
        derived: { shown: "the network's", from: (_home, given) => given("network") ?? "a tone" },
      }),
    ];
    const error = refusal(() => resolveConfig({ home: HOME, table: settingsTable({ rows }) }));
    expect([error.message, error.remedy]).toEqual(["Nobody sings that.", "Hum instead."]);
    const input = { greeter: { voice: 5 } } as NodeOptionsInput;
    expect(refusal(() => parseOptions(input, HOME, settingsTable({ rows }))).message).toBe(
      'the options given must hold an object under "greeter.voice", such as {"pitch": ...}.',
    );
  });
});

describe("rows that clash", () => {
  const row = (more: Partial<Setting>): Setting => ({ ...FIXTURE, ...more });

  it.each([
    [[row({ key: "maxPeers" })], '"maxPeers" has the key maxPeers, which is taken by maxPeers'],
    [[row({ flag: "max-peers" })], '"greeter.loudness" has the flag --max-peers, which is taken by maxPeers'],
    [[row({ flag: "json" })], "has the flag --json, which is taken by the command line"],
    [[row({ key: "max.peers" })], '"max.peers" has the variable POUW_MAX_PEERS, which is taken by maxPeers'],
    [[row({ key: "config" })], "has the variable POUW_CONFIG, which is taken by the command line"],
    [[row({ alias: "role" })], "has the key role, which is taken by roles"],
    [[row({ key: "limits" })], '"limits" cannot be a value and the group of "limits.apiBodyBytes"'],
    [[row({ key: "Loud-ness" })], 'The setting "Loud-ness" needs a key such as'],
    [[FIXTURE, FIXTURE], "is taken by greeter.loudness"],
  ])("are refused: %#", (rows, expected) => {
    const error = refusal(() => settingsTable({ rows }));
    expect(error.code).toBe("BAD_CONFIG");
    expect(error.message).toContain(expected);
    expect(error.remedy).toMatch(/^Rename it /);
  });
});

describe("tasks and plugins", () => {
  const id = `0x${"ab".repeat(32)}`;

  it("are lists, of everything or nothing by default", () => {
    const { options } = resolveConfig({ home: HOME });
    expect([options.tasks, options.miner, options.plugins]).toEqual([[], { tasks: [] }, []]);
    const given = resolveConfig({
      home: HOME,
      flags: {
        tasks: ["digits-mlp", `${id},digits-mlp`],
        "miner.tasks": ["digits-mlp"],
        plugins: ["./a.js", "/b/c.mjs"],
      },
    });
    expect(given.options.tasks).toEqual(["digits-mlp", id]);
    expect(given.options.miner.tasks).toEqual(["digits-mlp"]);
    expect(given.options.plugins).toEqual(["./a.js", "/b/c.mjs"]);
    expect(given.origins.get("miner.tasks")).toBe("--train");
  });

  it.each([
    [
      { flags: { tasks: ["digits mlp"] } },
      /^tasks \(from --task\) must name tasks, such as digits-mlp.*"digits mlp"\.$/,
    ],
    [{ env: { POUW_MINER_TASKS: "-x" } }, /^miner\.tasks \(from POUW_MINER_TASKS\) must name tasks/],
    [
      { file: file({ plugins: ["mine"] }) },
      /^plugins \(from node\.config\.json\) must be the path of a module, such as \.\/mine\.js; it is "mine"\.$/,
    ],
    [{ file: file({ plugins: "./mine.js" }) }, /^plugins \(from node\.config\.json\) must be a list of paths/],
  ])("are checked: %#", (sources, expected) => {
    expect(refusal(() => resolveConfig({ ...sources, home: HOME })).message).toMatch(expected);
  });
});

it("the options' type is made from the rows", () => {
  expectTypeOf<NodeOptions["maxPeers"]>().toEqualTypeOf<number>();
  expectTypeOf<NodeOptions["workers"]>().toEqualTypeOf<number | "auto">();
  expectTypeOf<NodeOptions["limits"]>().toEqualTypeOf<{
    readonly apiBodyBytes: number;
    readonly apiStreams: number;
    readonly minFee: number;
    readonly stopMs: number;
  }>();
  expectTypeOf<NodeOptions["miner"]>().toEqualTypeOf<{ readonly tasks: string[] }>();
  expectTypeOf<NodeOptions["accountSecret"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<NodeOptionsInput["limits"]>().toExtend<{ readonly apiStreams?: number | undefined } | undefined>();
  expectTypeOf<{ readonly role: "miner" }>().toExtend<NodeOptionsInput>();
  expectTypeOf<{ readonly role: 5 }>().not.toExtend<NodeOptionsInput>();
  expectTypeOf<{ readonly maxPeers: "many" }>().not.toExtend<NodeOptionsInput>();
});
