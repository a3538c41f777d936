import type { Hit } from "../../generated/types.js";

const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`;

/** The combined log format of Apache and nginx; without its last two fields it is the common one. */
const LINE = new RegExp(
  String.raw`^(\S+) \S+ .+? \[(\d\d)/(\w{3})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)\] ${QUOTED} (\d{3}) (\d{1,15}|-)` +
    `(?: ${QUOTED} ${QUOTED})?`,
);

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Parses a line of an access log. Undefined if it is not one. */
export function parseHit(line: string): Hit | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, host = "", day = "", month = "", year = "", clock = "", hours = "", minutes = ""] = match;
  const [, , , , , , , , request = "", status, bytes, referrer, agent] = match;
  const time = readTime(year, month, day, clock, `${hours}:${minutes}`);
  if (time === undefined) return undefined;
  const [, method = "-", resource = unquote(request)] = /^(\S+) (.*?)(?: HTTP\/[\d.]+)?$/.exec(unquote(request)) ?? [];
  return {
    host,
    time,
    method,
    resource,
    status: Number(status),
    bytes: bytes === "-" ? null : Number(bytes),
    referrer: readField(referrer),
    agent: readField(agent),
  };
}

/** In the format of the schema; undefined if there is no such time. */
function readTime(year: string, month: string, day: string, clock: string, offset: string): string | undefined {
  const date = `${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, "0")}-${day}`;
  const midnight = new Date(`${date}T00:00:00Z`);
  const exists = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
  const time = `${date}T${clock}${offset}`;
  // Date.parse also accepts 24:00:00 as the end of a day.
  return exists && clock < "24" && !Number.isNaN(Date.parse(time)) ? time : undefined;
}

function readField(text: string | undefined): string | null {
  return text === undefined || text === "-" ? null : unquote(text);
}

/** Other escapes, such as `\x1b`, stay escaped: their characters are not printable. */
function unquote(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}
