// What scripts give, checked at the call: TypeScript's types say nothing to a script in JavaScript.
import { PouwError } from "../../base/index.ts";
import { didYouMean } from "./suggest.ts";

const shown = (value: unknown): string => (typeof value === "string" ? `"${value.slice(0, 80)}"` : `${typeof value}`);

function bad(message: string, remedy: string): PouwError {
  return new PouwError("BAD_CONFIG", message, { remedy });
}

/** Throws BAD_CONFIG for what is no object; `form` is one written out. */
export function objectGiven<T>(value: T, what: string, form: string): T {
  if (typeof value === "object" && value !== null) return value;
  throw bad(`${what} is an object, not ${value === null ? "null" : typeof value}.`, `Give it as ${form}.`);
}

/** Throws BAD_CONFIG for what is no function. */
export function functionGiven<T>(value: T, what: string): T {
  if (typeof value === "function") return value;
  throw bad(`${what} must be a function, not ${typeof value}.`, "Give the function that is to be called.");
}

/** Throws BAD_CONFIG for what is no text. */
export function textGiven(value: string, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw bad(`${what} must be text, not ${shown(value)}.`, "Copy it from the screen of that node.");
}

/** Throws BAD_CONFIG for a word that is none of `known`; `what` is one of them, as in "no event". */
export function oneOf<T extends string>(value: T, known: readonly T[], what: string): T {
  if (known.includes(value)) return value;
  const hint = typeof value === "string" ? didYouMean(value, known) : "";
  throw bad(`There is no ${what} ${shown(value)}${hint}.`, `Choose one of ${known.join(", ")}.`);
}
