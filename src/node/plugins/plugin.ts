// What a plugin is to a node, and the check of what a module gives as one. Its API resources are the app's to look at.
import { z } from "zod";
import { PouwError, type Setting } from "../../base/index.ts";
import { ALERT_KINDS, ENGINE_EVENTS } from "../../engine/index.ts";
import type { Metrics } from "../../ports/index.ts";
import type { AnyRole } from "../../roles/index.ts";
import { didYouMean } from "../config/index.ts";
import type { AlertEvent, NodeView } from "../views/index.ts";

/** What a module may bring to a node. It extends what the node does and shows; what is valid is the genesis's to say, never a plugin's. */
export interface NodePlugin {
  /** Lower case with dashes; log lines and refusals name it. */
  readonly name: string;
  /** Started when `roles` names them; the rows of their settings have keys under the role's name. */
  readonly roles?: readonly AnyRole[];
  /** Resources of the HTTP API, made with `resource` and its like; a node without an API has no use for them. */
  readonly resources?: readonly object[];
  /** Kind of alert -> what is called for each. */
  readonly securityHandlers?: { readonly [kind: string]: (alert: AlertEvent) => unknown };
  /** Directories that hold one folder per model, from the module's own directory. */
  readonly models?: readonly string[];
  /** Called once, when the node is made: makes instruments, and sets them from what `view` tells. */
  readonly metrics?: (metrics: Metrics, view: NodeView) => unknown;
}

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const NAMED = "must be a name such as greeter: lower case, digits and dashes";
/** The lower bits of the status handshake are the protocol's own roles. */
const BITS = [0, ...Array.from({ length: 8 }, (_, i) => 2 ** (8 + i))];

const a = (what: string): string => `must be ${what}`;
const text = (what: string) => z.string(a(what)).min(1, a(what));
const name = z.string(NAMED).regex(NAME, NAMED);
const action = z.custom((it) => typeof it === "function", a("a function"));
const actions = z.record(z.string(), action, a("an object of functions"));
const isZod = (it: unknown): boolean => typeof (it as { safeParse?: unknown } | undefined)?.safeParse === "function";

const settingShape = z.looseObject(
  {
    key: text("a key such as greeter.loudness"),
    schema: z.custom(isZod, a("a zod schema")),
    flag: z
      .string(a("a flag without dashes"))
      .regex(/^[a-z][a-z0-9-]*$/, a("a flag without dashes"))
      .optional(),
    help: text("a line for the help"),
  },
  a("a row made with setting()"),
);

const claim = z.boolean(a("true or false")).optional();

const roleShape = z.looseObject(
  {
    name,
    bit: z.literal(BITS, { error: a(`0 or one of ${BITS.slice(1).join(", ")}`) }),
    needs: z.array(z.enum(["runtime"], a("runtime")), a("a list of needs")),
    claims: z.strictObject({ leads: claim, checksBeforeRelay: claim, watchesAudits: claim }, a("an object of claims")),
    options: z.array(settingShape, a("a list of settings")).optional(),
    listens: actions,
    start: action,
    step: action,
    effects: actions,
  },
  a("a role"),
);

const pluginShape = z.strictObject(
  {
    name,
    roles: z.array(roleShape, a("a list of roles")).optional(),
    resources: z.array(z.looseObject({}, a("a resource of the API")), a("a list of resources")).optional(),
    securityHandlers: actions.optional(),
    models: z.array(text("the path of a directory"), a("a list of directories")).optional(),
    metrics: action.optional(),
  },
  a("an object with a name"),
);
const FIELDS = Object.keys(pluginShape.shape);

/** A refusal of the plugin that `who` names. `why` goes on after it. */
export function badPlugin(who: string, why: string, more: { remedy?: string; cause?: unknown } = {}): PouwError {
  return new PouwError("BAD_PLUGIN", `The plugin ${who} ${why}.`, {
    remedy: "Correct the plugin, or leave it out.",
    ...more,
  });
}

/** `roles[0].step` */
const placeOf = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .replace(/^\./, "");

/** What a module exports as `plugin`. Throws BAD_PLUGIN naming the first field that is wrong. */
export function readPlugin(value: unknown, who: string): NodePlugin {
  const parsed = pluginShape.safeParse(value);
  if (parsed.success) {
    const plugin = value as NodePlugin;
    for (const role of plugin.roles ?? []) {
      checkKeys(role.name, role.options ?? [], who);
      checkNames(Object.keys(role.listens), ENGINE_EVENTS, `listens in its role ${role.name} to an unknown event`, who);
    }
    checkNames(Object.keys(plugin.securityHandlers ?? {}), ALERT_KINDS, "handles an unknown kind of alert", who);
    return plugin;
  }
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] as string;
    const hint = issue.path.length === 0 ? didYouMean(key, FIELDS) : "";
    throw badPlugin(who, `has an unknown field "${placeOf([...issue.path, key])}"${hint}`);
  }
  const place = placeOf(issue.path);
  throw badPlugin(who, place === "" ? issue.message : `is malformed: ${place} ${issue.message}`);
}

/** What nothing in the node is called would be waited for in vain. */
function checkNames(names: readonly string[], known: readonly string[], what: string, who: string): void {
  const name = names.find((one) => !known.includes(one));
  if (name !== undefined) throw badPlugin(who, `${what}, "${name}"${didYouMean(name, known)}`);
}

/** A role is handed the group of its own name, so other keys would reach nobody. */
function checkKeys(role: string, rows: readonly Setting[], who: string): void {
  for (const { key } of rows)
    if (!key.startsWith(`${role}.`))
      throw badPlugin(
        who,
        `is malformed: the setting "${key}" of its role ${role} must have a key under ${role}, such as ${role}.loudness`,
      );
}
