// Why the schema refused the settings, as one sentence that names key, origin and what is allowed instead.
import type { z } from "zod";
import { PouwError, type Setting } from "../../base/index.ts";
import type { GivenSettings } from "./given.ts";
import { didYouMean } from "./suggest.ts";
import { findSetting, type SettingsTable, valueAt } from "./table.ts";

interface Reason {
  readonly sentence: string;
  readonly remedy?: string;
}

/** What a wrong value is, in a few words; secrets are not repeated. */
function show(value: unknown, row: Setting | undefined): string {
  if (row?.secret === true) return "[redacted]";
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}

/** A schema's own whole sentence, where it brings one: a custom issue with a remedy. */
function ownReason(issue: z.core.$ZodIssue): Reason | undefined {
  if (issue.code !== "custom") return undefined;
  const { remedy } = (issue.params ?? {}) as { readonly remedy?: unknown };
  return typeof remedy === "string" ? { sentence: issue.message, remedy } : undefined;
}

function reasonOf(issue: z.core.$ZodIssue, input: unknown, given: GivenSettings, table: SettingsTable): Reason {
  const own = ownReason(issue);
  if (own !== undefined) return own;
  const names = issue.path.filter((step) => typeof step === "string");
  if (issue.code === "unrecognized_keys") {
    const key = [...names, issue.keys[0] as string].join(".");
    const known = table.rows.map((it) => it.key);
    return { sentence: `There is no setting "${key}"${didYouMean(key, known)}.` };
  }
  const key = names.join(".");
  const value = valueAt(input, issue.path);
  const origin = given.get(key)?.origin;
  const from = origin === undefined ? "" : ` (from ${origin})`;
  const shown = show(value, findSetting(table, key));
  if (issue.code === "invalid_value") {
    const words = issue.values.map(String);
    const hint = typeof value === "string" ? didYouMean(value, words) : "";
    return { sentence: `${key}${from} must be one of ${words.join(", ")}, not ${shown}${hint}.` };
  }
  const rule = issue.message.startsWith("must ") ? issue.message : `is not right: ${issue.message}`;
  return { sentence: `${key}${from} ${rule}; it is ${shown}.` };
}

/** The first of the schema's issues, and how many more there are. `input` is what was checked. */
export function refusalOf(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  given: GivenSettings,
  table: SettingsTable,
): PouwError {
  const { sentence, remedy } = reasonOf(issues[0] as z.core.$ZodIssue, input, given, table);
  const more = issues.length > 1 ? ` (${issues.length - 1} more after this one)` : "";
  return new PouwError("BAD_CONFIG", sentence.replace(/\.$/, `${more}.`), remedy === undefined ? {} : { remedy });
}
