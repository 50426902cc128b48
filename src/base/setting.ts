// A setting in one row: file key, environment name, flag, options type, help and documentation all follow from it.
import type { z } from "zod";

// For those who write rows outside this package: a plugin needs no zod of its own.
export { z } from "zod";

/** How the text of a flag or variable is read: a list splits at commas, a switch takes on and off, a number its digits. */
export type TextKind = "text" | "number" | "list" | "switch";

export interface Setting {
  /** Dotted path inside the options and the configuration file: `maxPeers`, `limits.apiStreams`. */
  readonly key: string;
  /**
   * What is allowed, with the default. A message that begins with "must" reads on after the key; a custom issue with
   * `params: { remedy }` is a whole sentence of its own, and the remedy its next step.
   */
  readonly schema: z.ZodType;
  /** Where the schema's own type does not say how text is read, as with `z.custom`. */
  readonly text?: TextKind;
  /** Long flag without dashes; without it the setting has none. */
  readonly flag?: string;
  /** Name of the flag's value in the help. */
  readonly value?: string;
  /** What it does, for `--help` and docs/settings.md: begins small, has no stop at its end. */
  readonly help: string;
  /** Its value is never shown. */
  readonly secret?: true;
  /** Another name that people type, in the file and in the environment. */
  readonly alias?: string;
  /** A default that follows from the machine or from other settings. */
  readonly derived?: {
    /** The default as the documentation shows it. */
    readonly shown: string;
    /** `home`: the home directory; `given`: what was said for another key, unchecked, or undefined. */
    readonly from: (home: string, given: (key: string) => unknown) => unknown;
  };
}

/** Keeps the row's own type, from which the type of the options is made. */
export const setting = <const R extends Setting>(row: R): R => row;

type Head<K extends string> = K extends `${infer H}.${string}` ? H : K;
type Named<R extends Setting, K extends string> = Extract<R, { readonly key: K }>;
/** The rows of one group, without its name. */
type Under<R extends Setting, H extends string> = R extends {
  readonly key: `${H}.${infer K}`;
  readonly schema: infer S extends z.ZodType;
}
  ? { readonly key: K; readonly schema: S; readonly help: string }
  : never;

/** The checked values of rows: dotted keys nest. */
export type SettingsOf<R extends Setting> = {
  readonly [H in Head<R["key"]>]: [Named<R, H>] extends [never]
    ? SettingsOf<Under<R, H>>
    : z.output<Named<R, H>["schema"]>;
};

/** What a caller may give for rows: everything may be left out. */
export type SettingsInput<R extends Setting> = {
  readonly [H in Head<R["key"]>]?:
    | ([Named<R, H>] extends [never] ? SettingsInput<Under<R, H>> : z.input<Named<R, H>["schema"]>)
    | undefined;
} & {
  readonly [A in R as A extends { readonly alias: infer N extends string } ? N : never]?: string | z.input<A["schema"]>;
};

/** The values of rows that all lie in one group, without the group's name: what an owner gets of its own. */
export type OwnSettings<R extends Setting> = SettingsOf<Under<R, Head<R["key"]>>>;
