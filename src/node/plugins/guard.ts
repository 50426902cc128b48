// A plugin's code runs inside the node: whatever it throws, at once or later, stays its own, and is logged with its name.
import { messageOf, PouwError } from "../../base/index.ts";
import type { Log, Metrics } from "../../ports/index.ts";
import type { AnyRole } from "../../roles/index.ts";
import type { NodeView } from "../views/index.ts";
import { badPlugin, type NodePlugin } from "./plugin.ts";

/** Runs what a plugin brought; after a failure the answer is `otherwise`. A promise is given back, and never rejects. */
type Attempt = <T>(what: string, run: () => T, otherwise: T) => T;

function attempts(plugin: string, log: Log): Attempt {
  const tell = (what: string, error: unknown): void =>
    log.error({ plugin, what, err: error, reason: messageOf(error) }, "a plugin failed");
  return (what, run, otherwise) => {
    try {
      const answer = run();
      // Only what the plugin's author made asynchronous is: callers that wait, wait for this.
      if (answer instanceof Promise) return answer.catch((error: unknown) => tell(what, error)) as typeof answer;
      return answer;
    } catch (error) {
      tell(what, error);
      return otherwise;
    }
  };
}

type Step = ReturnType<AnyRole["step"]>;

/** `run` for each name, with the functions of `from` inside. */
function each<F extends (...args: never[]) => unknown>(
  from: { readonly [name: string]: F | undefined },
  run: (name: string, own: F) => F,
): { readonly [name: string]: F } {
  return Object.fromEntries(Object.entries(from).flatMap(([name, own]) => (own ? [[name, run(name, own)]] : [])));
}

function guardRole(role: AnyRole, plugin: string, attempt: Attempt): AnyRole {
  const { name } = role;
  const listens = role.listens as { readonly [event: string]: ((payload: unknown) => Step[0]) | undefined };
  return {
    ...role,
    listens: each(
      listens,
      (event, own) => (payload) => attempt(`role ${name}, listens.${event}`, () => own(payload), undefined),
    ) as AnyRole["listens"],
    start(given) {
      try {
        return pair(role.start(given));
      } catch (cause) {
        throw badPlugin(plugin, `failed to start its role ${name}: ${messageOf(cause)}`, { cause });
      }
    },
    step: (state, event) => attempt(`role ${name}, step`, () => pair(role.step(state, event)), [state, []]),
    effects: each(
      role.effects,
      (type, own) => (effect, tools) =>
        attempt(`role ${name}, effects.${type}`, () => own.call(role.effects, effect, tools), undefined),
    ),
  };
}

/** Throws for what is no state with effects, which the runner would stumble over. */
function pair(answer: Step): Step {
  const effects: readonly unknown[] | undefined =
    Array.isArray(answer) && Array.isArray(answer[1]) ? answer[1] : undefined;
  const typed = (it: unknown): boolean => typeof (it as { type?: unknown } | null | undefined)?.type === "string";
  if (effects?.every(typed) === true) return answer;
  throw new PouwError("BAD_PLUGIN", 'it must give [state, effects], with effects such as { type: "show" }');
}

/** The roles of plugins, as a node may run them. */
export function guardedRoles(plugins: readonly NodePlugin[], log: Log): readonly AnyRole[] {
  return plugins.flatMap(({ name, roles = [] }) => {
    const attempt = attempts(name, log);
    return roles.map((role) => guardRole(role, name, attempt));
  });
}

export interface AttachDeps {
  readonly view: NodeView;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Lets the plugins hear of alerts and measure. */
export function attachPlugins(plugins: readonly NodePlugin[], { view, metrics, log }: AttachDeps): void {
  for (const plugin of plugins) {
    const attempt = attempts(plugin.name, log);
    const handlers = new Map(Object.entries(plugin.securityHandlers ?? {}));
    if (handlers.size > 0)
      view.on("alert", (alert) => {
        attempt(`securityHandlers.${alert.kind}`, () => handlers.get(alert.kind)?.(alert), undefined);
      });
    const seen: NodeView = {
      ...view,
      on: (event, listener) =>
        view.on(event, (payload) => attempt(`metrics, on ${event}`, () => listener(payload), undefined)),
    };
    attempt("metrics", () => plugin.metrics?.(metrics, seen), undefined);
  }
}
