// Writes into package-lock.json the optional packages of other platforms that npm leaves out when its registry does not serve them.
// Without those entries `npm ci` calls the lock out of step, on every machine. Run after `npm install` changed the lock.
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("../package-lock.json", import.meta.url);
const SYSTEMS = ["android", "darwin", "linux", "win32", "freebsd", "openharmony"];
const CPUS = [
  ["arm-musleabihf", "arm"],
  ["arm-gnueabihf", "arm"],
  ["arm-eabi", "arm"],
  ["arm64", "arm64"],
  ["x64", "x64"],
  ["ia32", "ia32"],
  ["ppc64", "ppc64"],
  ["riscv64", "riscv64"],
  ["s390x", "s390x"],
];

const lock = JSON.parse(readFileSync(FILE, "utf8"));

/** Whether `name` is found from the package at `path`, looking outwards as node does. */
function found(path, name) {
  for (let at = path; ; ) {
    if (lock.packages[at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`] !== undefined) return true;
    if (at === "") return false;
    at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")));
  }
}

/** What the package's name says of where it runs. */
function entryFor(name, version, { dev }) {
  const tail = name.split("/").at(-1);
  const os = SYSTEMS.find((system) => tail.includes(system));
  const cpu = CPUS.find(([word]) => tail.includes(`-${word}`))?.[1];
  if (os === undefined || cpu === undefined) throw new Error(`cannot tell the platform of ${name}`);
  const libc = os !== "linux" ? undefined : tail.includes("musl") ? ["musl"] : ["glibc"];
  return { version, cpu: [cpu], ...(dev ? { dev } : {}), ...(libc ? { libc } : {}), optional: true, os: [os] };
}

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path === "") continue;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (found(path, name)) continue;
    lock.packages[`node_modules/${name}`] = entryFor(name, version, entry);
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")));
writeFileSync(FILE, `${JSON.stringify(lock, undefined, 2)}\n`);
process.stderr.write(`${added} optional packages added to package-lock.json\n`);
