// Checks a value against a JSON schema of the API's document. Small and strict: a keyword it does not know is an error, so
// that nothing passes unread, and a property that is not declared is one too, though readers are told to leave it alone.

interface Schema {
  readonly $ref: string;
  readonly type: string;
  readonly enum: readonly unknown[];
  readonly const: unknown;
  readonly pattern: string;
  readonly minimum: number;
  readonly items: unknown;
  readonly propertyNames: unknown;
  readonly properties?: { readonly [name: string]: unknown };
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
}
type Check = (value: unknown, schema: Schema, at: string) => string[];

const SILENT = ["description", "required"];
const typeOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;

/** What is wrong with `value`, nothing when it fits. `root` is the document that references lead into. */
export function schemaFaults(value: unknown, schema: object, root: object, at = "$"): string[] {
  const inner = (item: unknown, of: unknown, where: string): string[] => schemaFaults(item, of as object, root, where);
  const checks: { [keyword: string]: Check } = {
    $ref: (it, { $ref }, where) => inner(it, resolveRef($ref, root), where),
    type: (it, { type }, where) => {
      const found = typeOf(it);
      return found === type || (type === "number" && found === "integer") ? [] : [`${where} is ${found}, not ${type}`];
    },
    enum: (it, words, where) => (words.enum.includes(it) ? [] : [`${where} is none of the words`]),
    const: (it, only, where) => (it === only.const ? [] : [`${where} is another constant`]),
    pattern: (it, { pattern }, where) => (new RegExp(pattern).test(it as string) ? [] : [`${where}: ${it}`]),
    minimum: (it, { minimum }, where) => ((it as number) >= minimum ? [] : [`${where} is too small`]),
    items: (it, { items }, where) =>
      Array.isArray(it) ? it.flatMap((item, i) => inner(item, items, `${where}[${i}]`)) : [`${where} is no list`],
    properties: (it, object, where) => objectFaults(it, object, where, inner),
    propertyNames: (it, { propertyNames }, where) =>
      Object.keys(it as object).flatMap((name) => inner(name, propertyNames, `the name ${where}.${name}`)),
    additionalProperties: (it, object, where) =>
      object.properties === undefined ? objectFaults(it, object, where, inner) : [],
  };
  return Object.keys(schema).flatMap((keyword) => {
    if (SILENT.includes(keyword)) return [];
    const check = checks[keyword];
    return check === undefined ? [`${at}: ${keyword} is not known here`] : check(value, schema as Schema, at);
  });
}

function objectFaults(
  value: unknown,
  schema: Schema,
  at: string,
  inner: (item: unknown, of: unknown, where: string) => string[],
): string[] {
  const given = value as { readonly [name: string]: unknown };
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => !Object.hasOwn(given, name));
  const extra = Object.keys(given).filter((name) => !Object.hasOwn(properties, name));
  return [
    ...missing.map((name) => `${at}.${name} is missing`),
    ...extra.flatMap((name) =>
      additionalProperties === undefined
        ? [`${at}.${name} is not declared`]
        : inner(given[name], additionalProperties, `${at}.${name}`),
    ),
    ...Object.entries(properties).flatMap(([name, of]) =>
      Object.hasOwn(given, name) ? inner(given[name], of, `${at}.${name}`) : [],
    ),
  ];
}

/** What `#/a/b/c` of `root` leads to; throws when it leads nowhere. */
export function resolveRef(ref: string, root: object): object {
  if (!ref.startsWith("#/")) throw new Error(`${ref} leads out of the document`);
  let found: unknown = root;
  for (const step of ref.slice(2).split("/"))
    found = (found as { readonly [key: string]: unknown } | undefined)?.[step];
  if (typeof found !== "object" || found === null) throw new Error(`${ref} leads nowhere`);
  return found;
}
