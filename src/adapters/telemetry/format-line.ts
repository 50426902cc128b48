// One JSON log line turned into one line for people: time, level, room, sentence, then the fields.

const COLORS: { readonly [level: string]: number } = { debug: 90, warn: 33, error: 31 };
const paint = (text: string, color: number | undefined): string =>
  color === undefined ? text : `\u001b[${color}m${text}\u001b[39m`;

function field(value: unknown): string {
  if (typeof value === "string") return /[\s"]/.test(value) ? JSON.stringify(value) : value;
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(4)));
  return JSON.stringify(value) ?? String(value);
}

/** A line that is not a JSON object passes unchanged. */
export function formatLine(json: string, color: boolean): string {
  let entry: { [name: string]: unknown };
  try {
    entry = JSON.parse(json) as { [name: string]: unknown };
  } catch {
    return json;
  }
  const { level, time, room, msg, err, ...rest } = entry;
  const clock = new Date(Number(time)).toISOString().slice(11, 23);
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${field(value)}`);
  const error = err as { message?: unknown } | undefined;
  if (error?.message !== undefined) fields.push(`error=${field(error.message)}`);
  const word = String(level).toUpperCase().padEnd(5);
  const parts = [
    paint(clock, color ? 90 : undefined),
    paint(word, color ? COLORS[String(level)] : undefined),
    ...(typeof room === "string" ? [`[${room}]`] : []),
    String(msg ?? ""),
    ...(fields.length === 0 ? [] : [paint(fields.join(" "), color ? 90 : undefined)]),
  ];
  return `${parts.join(" ")}\n`;
}
